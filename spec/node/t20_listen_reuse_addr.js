// S21: SO_REUSEADDR: a port whose connections wait in TIME_WAIT can be listened on at once.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const first = net.createServer((peer) => {
  first.close();
  peer.end();
  peer.resume();
});
server.watch(first, ['listening', 'error', 'close']);
first.listen(0, '127.0.0.1', () => {
  const port = portOf(first);
  net.connect(port, '127.0.0.1').resume();
  first.on('close', () => setTimeout(() => {
    const second = net.createServer();
    server.watch(second, ['listening', 'error', 'close']);
    second.listen(port, '127.0.0.1', () => second.close());
  }, 20));
});
