// R50: a path in a directory that does not exist: EACCES.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'close', 'error']);
srv.listen(tempPath() + '/none');
