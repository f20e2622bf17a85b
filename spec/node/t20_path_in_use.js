// R50, R53: a second server on the same path.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const path = tempPath();
const other = net.createServer();
other.listen(path, () => {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'close', 'error']);
  srv.on('error', (err) => {
    server.log('keys ' + Object.keys(err).join(',') + ' port ' + err.port);
    server.log('listening ' + srv.listening);
    other.close();
  });
  srv.listen(path);
  server.log('listening ' + srv.listening);
});
