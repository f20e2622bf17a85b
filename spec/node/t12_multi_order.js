// R25: which addresses are tried, in which order: not twice, the family of the first in turn with the other.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

refusedPort((port) => {
  const sock = net.connect({
    port: port,
    host: 'some.name',
    lookup: (host, options, callback) => {
      c.log('lookup all ' + options.all + ' family ' + options.family);
      setImmediate(() => callback(null, [
        { address: 'foo', family: 4 },
        { address: '::1', family: 6 },
        { address: '127.0.0.9', family: 7 },
        { address: '::1', family: 6 },
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
        { address: '127.0.0.3', family: 4 },
      ]));
    },
  });
  c.log('attempted ' + sock.autoSelectFamilyAttemptedAddresses);
  c.watch(sock, ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready', 'error', 'close']);
  sock.on('error', () => c.log('attempted ' + sock.autoSelectFamilyAttemptedAddresses.map((a) => a.slice(0, -String(port).length - 1)).join(',')));
});
