// R48: listen() on a listening server throws; inside 'listening' too.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0);
server.throws('listen()', () => srv.listen(0, () => server.log('callback')));
srv.on('listening', () => {
  server.throws('listen()', () => srv.listen(0));
  srv.close();
});
