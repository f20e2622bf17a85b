// setTimeout() of more than 2^31-1 ms keeps the number as `timeout`, and takes 2^31-1: it is not due at once, as that of a timer would
// be. Rule M2.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.watch(sock, ['timeout', 'close']);
for (const ms of [2147483647, 2147483648, 1e12, 25.9]) {
  sock.setTimeout(ms);
  c.log('timeout ' + sock.timeout);
}
sock.setTimeout(4294967297);
c.log('timeout ' + sock.timeout);
setTimeout(() => {
  c.log('later');
  sock.destroy();
}, 60);
