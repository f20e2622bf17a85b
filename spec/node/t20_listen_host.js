// Table 2: listen(port, host) goes through a lookup tick: not listening on return.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0, '127.0.0.1', () => server.log('listen callback'));
server.log('listening ' + srv.listening + ' address ' + srv.address());
process.nextTick(() => server.log('tick listening ' + srv.listening));
srv.on('listening', () => srv.close());
