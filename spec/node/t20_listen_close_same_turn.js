// Table 2: listen() and close() in one turn: 'close' only.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0, () => server.log('listen callback'));
srv.close(server.cb('close'));
server.log('listening ' + srv.listening);
