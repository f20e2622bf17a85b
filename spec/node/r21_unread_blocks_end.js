// R21: unread bytes hold back 'end' and with it the automatic end() and 'close'. read() still gives
// them after destroy(), with a 'data' event until the destroy tick has run.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.on('error', () => {});
  peer.resume();
  peer.end('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['end', 'finish', 'error', 'close']);
  function read(n) {
    const got = sock.read(n);
    c.log('read(' + n + ') -> ' + (got === null ? 'null' : got.toString()));
  }
  when(() => sock._readableState.ended, () => {
    sock.end(c.cb('end'));
    sock.on('finish', () => setImmediate(() => {
      c.log('readableLength ' + sock.readableLength + ' destroyed ' + sock.destroyed);
      sock.pause();
      c.watch(sock, ['data']);
      sock.destroy();
      read(2);
      setImmediate(() => read(2));
    }));
  });
});
