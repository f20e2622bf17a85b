// F3: connect's listener is there before anything is checked, and stays when that throws.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  const count = () => c.log('listeners ' + sock.listenerCount('connect'));
  sock.on('connect', () => c.log('on'));
  c.throws('connect({port: 70000}, cb)', () => sock.connect({ port: 70000, host: '127.0.0.1' }, () => c.log('second')));
  count();
  sock.connect({ port: portOf(server), host: '127.0.0.1' }, () => c.log('third'));
  count();
  sock.on('ready', () => {
    count();
    sock.destroy();
  });
});
