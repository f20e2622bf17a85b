// G26, R48: listen(0, cb) and close(cb).
'use strict';
const net = require('net');
const { actor, maskPort, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'connection', 'error', 'close']);
srv.listen(0, () => {
  server.log('listen callback');
  setImmediate(() => {
    srv.close(server.cb('close'));
    server.log('listening ' + srv.listening + ' address ' + srv.address());
  });
});
server.log('listening ' + srv.listening + ' address ' + srv.address().address + ' ' + maskPort(portOf(srv)));
