// Table 1.2: the lookup answers after destroy(): 'lookup' is still emitted, even after 'close'.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

let answer = null;
const sock = net.connect({
  port: 80,
  host: 'some.name',
  autoSelectFamily: false,
  lookup: (host, options, callback) => {
    answer = callback;
  },
});
c.watch(sock, ['lookup', 'connectionAttempt', 'connect', 'error', 'close']);
sock.destroy();
sock.on('close', () => setImmediate(() => {
  answer(null, '127.0.0.1', 4);
  c.log('answered');
}));
