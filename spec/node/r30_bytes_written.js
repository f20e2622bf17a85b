// R30: bytesWritten and writableLength with strings and buffers, parked, queued, sent and destroyed.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  function show(label) {
    c.log(label + ' bytesWritten ' + sock.bytesWritten + ' writableLength ' + sock.writableLength);
  }
  show('start');
  sock.write('\u00e9\u20ac');
  show('two characters');
  sock.write(Buffer.alloc(10));
  show('ten bytes');
  sock.write('6162', 'hex');
  show('hex');
  sock.on('connect', () => show('connect'));
  sock.on('ready', () => {
    show('ready');
    sock.cork();
    sock.write('\u20ac');
    show('corked');
    sock.destroy();
    show('destroyed');
    process.nextTick(() => show('tick'));
  });
  sock.on('close', () => show('close'));
});
