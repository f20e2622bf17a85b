// R39: repeated setTimeout(ms, cb) adds up callbacks; 0 removes the one given.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const TIMEOUT_MS = 20;
const KEEP_ALIVE_MS = 100;
const c = actor('c');

const sock = new net.Socket();
const removed = () => c.log('removed');
sock.setTimeout(TIMEOUT_MS, () => c.log('first'));
sock.setTimeout(TIMEOUT_MS, removed);
sock.setTimeout(TIMEOUT_MS, () => c.log('second'));
sock.setTimeout(0, removed);
c.log('listeners ' + sock.listenerCount('timeout'));
sock.setTimeout(TIMEOUT_MS);
c.watch(sock, ['timeout', 'close']);
sock.on('timeout', () => c.log('listeners ' + sock.listenerCount('timeout')));
// The idle timer alone does not keep the process alive.
setTimeout(() => {
  c.log('destroy');
  sock.destroy();
}, KEEP_ALIVE_MS);
