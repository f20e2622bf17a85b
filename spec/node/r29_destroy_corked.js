// R29: destroy() and destroy(err) with corked writes and an end callback.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const plain = actor('plain');
const error = actor('error');

let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peer.resume();
});
function run(a, err, next) {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.watch(sock, ['drain', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.cork();
    sock.write('a', a.cb('a'));
    sock.write('b', a.cb('b'));
    sock.destroy(err);
    process.nextTick(() => a.log('u'));
    a.log('writableLength ' + sock.writableLength);
  });
  sock.on('close', next);
}
server.listen(0, '127.0.0.1', () => {
  run(plain, undefined, () => run(error, new Error('boom'), () => {}));
});
