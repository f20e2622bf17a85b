// G34, table 1.2: connect() again inside 'close': counters and stream states start anew.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.resume();
  peer.end('hi');
});
server.listen(0, '127.0.0.1', () => {
  const port = portOf(server);
  const sock = net.connect({ port: port, host: '127.0.0.1' });
  c.watch(sock, ['connectionAttempt', 'connect', 'ready', 'data', 'end', 'finish', 'error', 'close']);
  sock.once('close', () => {
    c.log('bytesRead ' + sock.bytesRead + ' readyState ' + sock.readyState);
    sock.connect({ port: port, host: '127.0.0.1' }, () => c.log('second connectListener'));
    c.log('bytesRead ' + sock.bytesRead + ' readyState ' + sock.readyState + ' destroyed ' + sock.destroyed);
  });
});
