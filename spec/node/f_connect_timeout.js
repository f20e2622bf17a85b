// F4: the option `timeout` is for net.connect alone, and none if it is 0.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const never = { host: 'some.name', port: 80, lookup() {} };
const quiet = (timeout) => {
  const sock = net.connect({ ...never, timeout });
  c.log('connect ' + timeout + ': ' + sock.timeout);
  sock.destroy();
};
quiet(undefined);
quiet(0);
quiet(NaN);
quiet(1.5);
c.throws('connect -1', () => net.connect({ ...never, timeout: -1 }));
c.throws('connect Infinity', () => net.connect({ ...never, timeout: Infinity }));

const own = new net.Socket();
own.connect({ ...never, timeout: 20, highWaterMark: 5, allowHalfOpen: true });
c.log('socket.connect: ' + own.timeout + ' ' + own.writableHighWaterMark + ' ' + own.allowHalfOpen);
own.destroy();

const made = net.connect({ ...never, timeout: 20, highWaterMark: 5, allowHalfOpen: true });
c.log('net.connect: ' + made.timeout + ' ' + made.writableHighWaterMark + ' ' + made.allowHalfOpen);
c.watch(made, ['timeout', 'close']);
const alive = setTimeout(() => {}, 10000);
made.on('timeout', () => {
  c.log('connecting ' + made.connecting);
  clearTimeout(alive);
  made.destroy();
});
