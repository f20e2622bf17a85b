// R53: EADDRINUSE without a host; the address in the error is ::.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const other = net.createServer();
other.listen(0, () => {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'close', 'error']);
  srv.listen(portOf(other));
  server.log('listening ' + srv.listening);
  srv.on('error', () => {
    server.log('listening ' + srv.listening + ' address ' + srv.address());
    other.close();
  });
});
