// R25: the second attempt connects: the parked write is sent, and what comes is read.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const answering = (...addresses) => (host, options, callback) => setImmediate(() => callback(null,
  addresses.map((address) => ({ address, family: net.isIP(address) }))));

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
  peer.end('hello');
});
server.listen(0, '127.0.0.2', () => {
  const sock = net.connect({
    port: portOf(server),
    host: 'some.name',
    noDelay: true,
    lookup: answering('127.0.0.1', '127.0.0.2'),
  });
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'data', 'end', 'finish', 'error', 'close']);
  sock.write('abc', c.cb('w'));
  c.log('connecting ' + sock.connecting + ' bufferSize ' + sock.bufferSize);
  sock.on('connectionAttemptFailed', () => c.log('connecting ' + sock.connecting + ' bufferSize ' + sock.bufferSize));
  sock.on('ready', () => c.log('bytesWritten ' + sock.bytesWritten));
});
