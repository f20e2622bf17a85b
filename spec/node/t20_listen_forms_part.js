// R48: of t20_listen_forms, what a typed language can say.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

function attempt(label, ...args) {
  const srv = net.createServer();
  srv.on('listening', () => {
    const a = srv.address();
    server.log(label + ' ' + a.address + ' ' + a.family);
    srv.close();
  });
  srv.listen(...args);
}
attempt('listen(0)', 0);
attempt('listen(0, cb)', 0, () => server.log('callback'));
attempt('listen(0, 5, cb)', 0, 5, () => server.log('callback'));
attempt('listen({port: 0, backlog: 3})', { port: 0, backlog: 3 });
attempt('listen({port: 0, host: "127.0.0.1"})', { port: 0, host: '127.0.0.1' });
attempt('listen({port: 0, host: ""})', { port: 0, host: '' });
attempt('listen(0, "::1")', 0, '::1');
