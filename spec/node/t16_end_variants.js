// Table 1.6: end() with its four forms of arguments, on four connections.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const actors = [actor('end()'), actor('end(cb)'), actor('end(data, cb)'), actor('end(data, encoding, cb)')];

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === actors.length) server.close();
  peer.resume();
});
function run(i) {
  if (i === actors.length) return;
  const a = actors[i];
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.watch(sock, ['prefinish', 'finish', 'end', 'error', 'close']);
  sock.resume();
  sock.on('connect', () => {
    if (i === 0) sock.end();
    if (i === 1) sock.end(a.cb('end'));
    if (i === 2) sock.end('abc', a.cb('end'));
    if (i === 3) sock.end('616263', 'hex', a.cb('end'));
    a.log('bytesWritten ' + sock.bytesWritten + ' writableEnded ' + sock.writableEnded);
  });
  sock.on('close', () => run(i + 1));
}
server.listen(0, '127.0.0.1', () => run(0));
