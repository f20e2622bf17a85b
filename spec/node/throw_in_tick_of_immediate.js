// A tick of an immediate throws, another immediate follows: the tick's fellows run after that one.
// Rule T10.
'use strict';
const { actor, errorText } = require('./oracle');
const c = actor('c');

process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
setImmediate(() => {
  c.log('i1');
  process.nextTick(() => {
    c.log('t1');
    throw new Error('boom');
  });
  process.nextTick(() => c.log('t1b'));
});
setImmediate(() => {
  c.log('i2');
  process.nextTick(() => c.log('t2'));
});
setImmediate(() => c.log('i3'));
