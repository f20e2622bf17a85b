// Table 2: listen(port) without a host listens on :: at once; 'listening' comes in a tick.
'use strict';
const net = require('net');
const { actor, maskPort } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
server.log('address ' + srv.address() + ' listening ' + srv.listening);
const r = srv.listen();
server.log('returns this ' + (r === srv) + ' listening ' + srv.listening);
const a = srv.address();
server.log('address ' + a.address + ' ' + a.family + ' ' + maskPort(a.port));
srv.on('listening', () => srv.close());
