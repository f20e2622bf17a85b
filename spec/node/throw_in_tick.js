// A tick throws: once the exception was handled the ticks behind it run (one by one, in order); the
// next immediate comes after them. See throw_ticks_deferred for what can come between. Rule R1.
'use strict';
const { actor, errorText } = require('./oracle');
const c = actor('c');

process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
setImmediate(() => {
  c.log('immediate 1');
  process.nextTick(() => {
    c.log('t1');
    throw new Error('boom');
  });
  process.nextTick(() => c.log('t2'));
  process.nextTick(() => c.log('t3'));
  setImmediate(() => {
    c.log('immediate 2');
    process.nextTick(() => c.log('t4'));
  });
});
