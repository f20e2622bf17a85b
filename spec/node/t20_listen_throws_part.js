// R48: of t20_listen_throws, what a typed language can say. The server stays usable.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

function attempt(label, ...args) {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'error', 'close']);
  server.throws(label, () => srv.listen(...args));
  server.log('listening ' + srv.listening);
  srv.listen(0, () => srv.close());
}
attempt('listen(70000)', 70000);
attempt('listen(-1)', -1);
attempt('listen({port: 65536, host: "127.0.0.1"})', { port: 65536, host: '127.0.0.1' });
attempt('listen({path: ""})', { path: '' });
