// Two sockets destroyed in one turn: the 'close' events come in reverse order. Rule R4.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => peer.resume());
server.listen(0, '127.0.0.1', () => {
  const a = net.connect({ port: portOf(server), host: '127.0.0.1' });
  const b = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.on('close', (hadError) => c.log('a close ' + hadError));
  b.on('close', (hadError) => c.log('b close ' + hadError));
  let connected = 0;
  function onConnect() {
    connected++;
    if (connected < 2) return;
    c.log('destroy a');
    a.destroy();
    c.log('destroy b');
    b.destroy();
    server.close();
  }
  a.on('connect', onConnect);
  b.on('connect', onConnect);
});
