// R23: what a failed connect says of the local end: of the port alone too; a port of 0 is no port.
'use strict';
const net = require('net');
const { actor, maskPort, refusedPort } = require('./oracle');
const c = actor('c');

const show = (err) => `keys ${Object.keys(err).join(',')} localAddress ${err.localAddress} localPort ${maskPort(err.localPort)}`;
const cases = [
  ['localPort', (port) => ({ host: '127.0.0.1', localPort: port })],
  ['localPort, IPv6', (port) => ({ host: '::1', localPort: port })],
  ['localAddress', () => ({ host: '127.0.0.1', localAddress: '127.0.0.1' })],
  ['localAddress, localPort 0', () => ({ host: '127.0.0.1', localAddress: '127.0.0.1', localPort: 0 })],
  ['localPort 0', () => ({ host: '127.0.0.1', localPort: 0 })],
  ['both', (port) => ({ host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port })],
  ["localAddress '', localPort", (port) => ({ host: '127.0.0.1', localAddress: '', localPort: port })],
  ['a name, localPort', (port) => ({ host: 'some.name', family: 4, localPort: port, lookup: (h, o, cb) => cb(null, '127.0.0.1', 4) })],
];
function next() {
  const [label, options] = cases.shift();
  refusedPort((port) => refusedPort((localPort) => {
    const sock = net.connect({ port, ...options(localPort) });
    sock.on('error', (err) => c.log(`${label}: ${err.message.replace(/\d{4,5}/g, 'N')} ${show(err)}`));
    sock.on('connectionAttemptFailed', (a, p, f, err) => c.log(`failed ${err.localAddress} ${maskPort(err.localPort)}`));
    sock.on('close', () => { if (cases.length > 0) next(); });
  }));
}
next();
