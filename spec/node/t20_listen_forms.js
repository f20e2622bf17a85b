// R48: the forms of listen() that bind a TCP port without a host.
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
attempt('listen()');
attempt('listen(cb)', () => server.log('callback'));
attempt('listen(null)', null);
attempt('listen(undefined)', undefined);
attempt('listen("0")', '0');
attempt('listen(0, 5, cb)', 0, 5, () => server.log('callback'));
attempt('listen({port: undefined})', { port: undefined });
attempt('listen({port: 0, backlog: 3})', { port: 0, backlog: 3 });
attempt('listen({port: 0, host: "127.0.0.1"})', { port: 0, host: '127.0.0.1' });
attempt('listen(0, "::1")', 0, '::1');
