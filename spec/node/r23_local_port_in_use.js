// R23: the local port is taken: a bind error and no connectionAttempt.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer();
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({
    port: portOf(server),
    host: '127.0.0.1',
    localAddress: '127.0.0.1',
    localPort: portOf(server),
  });
  c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close']);
  sock.on('error', (err) => c.log('syscall ' + err.syscall + ' keys ' + Object.keys(err).join(',')));
  sock.on('close', () => server.close());
});
