// Table 1.2, connect to an IPv6 address with a zone: an address, without a lookup. A zone that is no interface is as none.
// Errors name the address as it was given.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const hosts = ['::1%lo', '::1%nope', '0:0:0:0:0:0:0:1', 'fe80::1%nope', '0:0:0:0:0:0:0:1%lo'];
const server = net.createServer((peer) => peer.end());
server.listen(0, '::1', () => {
  const port = portOf(server);
  (function next() {
    const host = hosts.shift();
    if (host === undefined) return server.close(last);
    const sock = net.connect({ port, host });
    sock.on('lookup', () => c.log(host + ': lookup'));
    sock.on('connect', () => c.log(host + ': connect ' + sock.remoteAddress));
    sock.on('error', (err) => c.log(`${host}: ${err.code} ${err.address} ${err.message.includes(' ' + host + ':')}`));
    sock.on('close', next);
    sock.resume();
  })();
  function last() {
    const sock = net.connect({ port, host: '0:0:0:0:0:0:0:1' });
    sock.on('error', (err) => c.log(`refused: ${err.code} ${err.address}`));
  }
});
