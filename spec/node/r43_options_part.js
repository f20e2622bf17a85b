// R43, R44: what the setters leave behind on 'connect' in every state: `r43_options_return_this` without
// the returned values and setEncoding().
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const server = net.createServer((peer) => {
  server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket();
  function check(label) {
    sock.setNoDelay();
    sock.setNoDelay(false);
    sock.setKeepAlive(true, 2999);
    sock.ref();
    sock.unref();
    sock.ref();
    sock.pause();
    sock.resume();
    c.log(label + ' connect listeners ' + sock.listenerCount('connect'));
  }
  check('idle');
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  check('connecting');
  sock.on('ready', () => {
    check('ready');
    sock.destroy();
    check('destroyed');
  });
});
