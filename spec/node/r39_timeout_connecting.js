// R39, R41: the timeout also runs while connecting (here: while the name is looked up).
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const TIMEOUT_MS = 20;
const KEEP_ALIVE_MS = 80;
const c = actor('c');

const sock = net.connect({
  port: 80,
  host: 'some.name',
  timeout: TIMEOUT_MS,
  autoSelectFamily: false,
  lookup: () => {},
});
c.watch(sock, ['timeout', 'error', 'close']);
sock.on('timeout', () => {
  c.log('connecting ' + sock.connecting);
  sock.destroy();
});
setTimeout(() => c.log('done'), KEEP_ALIVE_MS);
