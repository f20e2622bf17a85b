// S19: an abstract name has no mode: listen throws, and the server can listen again.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
server.throws('readableAll', () => srv.listen({ path: '\0nf-mode', readableAll: true }));
server.throws('writableAll', () => srv.listen({ path: '\0nf-mode', writableAll: true }));
server.throws('both', () => srv.listen({ path: '\0nf-mode\'\\', readableAll: true, writableAll: true }));
server.log('listening ' + srv.listening + ' address ' + srv.address());
server.throws('none', () => srv.listen({ path: '\0nf-mode-' + process.pid, readableAll: false }));
srv.close();
