// Table 2: t20_listen_no_host without what listen() returns.
'use strict';
const net = require('net');
const { actor, maskPort } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
server.log('address ' + srv.address() + ' listening ' + srv.listening);
srv.listen(0);
server.log('listening ' + srv.listening);
const a = srv.address();
server.log('address ' + a.address + ' ' + a.family + ' ' + maskPort(a.port));
srv.on('listening', () => srv.close());
