// G31, R48, R45: a unix server: the path exists on return from listen() and is gone on return from
// close(); address() keeps the path.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const path = tempPath();
const srv = net.createServer();
server.watch(srv, ['listening', 'close', 'error']);
srv.listen(path, () => {
  srv.close(server.cb('close'));
  server.log('exists ' + fs.existsSync(path) + ' address same ' + (srv.address() === path));
});
server.log('exists ' + fs.existsSync(path) + ' address same ' + (srv.address() === path));
