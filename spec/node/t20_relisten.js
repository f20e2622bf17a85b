// Table 2: listen() again inside 'close'.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'connection', 'error', 'close']);
srv.listen(0, () => {
  server.log('listen callback 1');
  srv.close();
});
srv.once('close', () => {
  srv.listen(0, () => {
    server.log('listen callback 2');
    srv.close(server.cb('close'));
  });
});
