// Table 2: close() inside a 'listening' listener: the later listeners still run.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
srv.on('listening', () => {
  server.log('first');
  srv.close(server.cb('close'));
});
srv.on('listening', () => server.log('second listening ' + srv.listening));
server.watch(srv, ['close']);
srv.listen(0, () => server.log('listen callback'));
