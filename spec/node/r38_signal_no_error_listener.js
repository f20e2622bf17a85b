// R38: a socket with a signal, a failed connect and no 'error' listener.
'use strict';
const net = require('net');
const { actor, refusedPort } = require('./oracle');
const c = actor('c');


process.on('uncaughtException', (err) => c.log('uncaught ' + err.code));
refusedPort((port) => {
  const sock = net.connect({ port: port, host: '127.0.0.1', signal: new AbortController().signal });
  c.watch(sock, ['connect', 'close']);
  for (const name of ['error', 'close', 'connect']) c.log(name + ' listeners ' + sock.listenerCount(name));
});
