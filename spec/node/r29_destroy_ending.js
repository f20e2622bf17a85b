// R29: destroy() and destroy(err) with only end() pending.
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
  a.watch(sock, ['prefinish', 'finish', 'error', 'close']);
  sock.on('connect', () => {
    sock.end(a.cb('end'));
    sock.destroy(err);
    a.log('readyState ' + sock.readyState);
  });
  sock.on('close', next);
}
server.listen(0, '127.0.0.1', () => {
  run(plain, undefined, () => run(error, new Error('boom'), () => {}));
});
