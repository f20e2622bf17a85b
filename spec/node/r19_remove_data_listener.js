// R19, R20: after the last 'data' listener is removed the socket keeps flowing and data is lost.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write('aaaa');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'close']);
  sock.once('data', (chunk) => {
    c.log('data ' + chunk.length);
    setImmediate(() => {
      c.log('flowing ' + sock.readableFlowing + ' listeners ' + sock.listenerCount('data'));
      peer.write('bbb');
      when(() => sock.bytesRead === 7, () => {
        c.log('readableLength ' + sock.readableLength);
        sock.on('data', (late) => c.log('data ' + late.length));
        peer.end('cc');
      });
    });
  });
});
