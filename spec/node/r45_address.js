// R45: address(), local* and remote* through the life of a socket.
'use strict';
const net = require('net');
const { actor, maskPort, portOf } = require('./oracle');
const c = actor('c');

let sock = null;
function show(label) {
  const a = sock.address();
  c.log(label + ' address ' + a.address + ' ' + a.family + ' ' + (a.port === undefined ? 'undefined' : 'a port') +
    ' local ' + sock.localAddress + ' remote ' + sock.remoteAddress + ' ' + sock.remoteFamily + ' ' + maskPort(sock.remotePort));
}
const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  sock = new net.Socket();
  show('idle');
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  show('connecting');
  sock.on('connectionAttempt', () => show('connectionAttempt'));
  sock.on('connect', () => show('connect'));
  sock.on('ready', () => {
    sock.destroy();
    show('destroyed');
  });
  sock.on('close', () => show('close'));
});
