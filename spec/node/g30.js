// G30, R48, R53: EADDRINUSE; the server can listen again and the first callback fires as well.
'use strict';
const net = require('net');
const { actor, maskPort, portOf } = require('./oracle');
const server = actor('server');

const other = net.createServer();
other.listen(0, '127.0.0.1', () => {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'close', 'error']);
  srv.on('error', (err) => {
    server.log('code ' + err.code + ' errno ' + err.errno + ' syscall ' + err.syscall +
      ' address ' + err.address + ' port ' + maskPort(err.port));
    server.log('keys ' + Object.keys(err).join(','));
    other.close();
    srv.listen(0, '127.0.0.1', () => {
      server.log('second listen callback');
      srv.close(server.cb('close'));
    });
  });
  srv.listen(portOf(other), '127.0.0.1', () => server.log('first listen callback'));
  server.log('listening ' + srv.listening);
});
