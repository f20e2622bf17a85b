// Table 2: listen(); close(); listen(): 'listening' twice.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0, () => server.log('listen callback 1'));
srv.close(server.cb('close 1'));
srv.listen(0, () => server.log('listen callback 2'));
setImmediate(() => srv.close(server.cb('close 2')));
