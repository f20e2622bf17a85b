// An immediate throws, another follows: the ticks that the first one queued run after the second.
// Rule T10.
'use strict';
const { actor, errorText } = require('./oracle');
const c = actor('c');

process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
setImmediate(() => {
  c.log('i1');
  process.nextTick(() => c.log('t1'));
  throw new Error('boom');
});
setImmediate(() => {
  c.log('i2');
  process.nextTick(() => c.log('t2'));
});
setImmediate(() => c.log('i3'));
