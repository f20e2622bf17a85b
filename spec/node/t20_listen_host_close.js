// Table 2: close() while the lookup of listen(port, host) is pending cancels it.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0, '127.0.0.1', () => server.log('listen callback'));
srv.close(server.cb('close'));
setImmediate(() => server.log('listening ' + srv.listening));
