// S24: ref while a server is unref'ed keeps the program alive until it is closed.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.unref();
srv.listen(0, '127.0.0.1', () => {
  srv.ref();
  const timer = setTimeout(() => {
    server.log('alive');
    srv.close();
  }, 20);
  timer.unref();
});
setTimeout(() => {}, 1);
