// Timers and their ticks throw: the ticks wait for the next timer, those of the last one for the check phase.
// Rule T10.
'use strict';
const { actor, errorText } = require('./oracle');
const c = actor('c');

process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
const boom = () => {
  throw new Error('boom');
};
setTimeout(() => {
  c.log('a');
  process.nextTick(() => {
    c.log('a1');
    boom();
  });
  process.nextTick(() => c.log('a2'));
  boom();
}, 1);
setTimeout(() => {
  c.log('b');
  process.nextTick(() => c.log('b1'));
}, 1);
setTimeout(() => {
  c.log('d');
  setImmediate(() => c.log('i'));
  process.nextTick(() => {
    c.log('d1');
    boom();
  });
  process.nextTick(() => c.log('d2'));
}, 5);
const begun = Date.now();
while (Date.now() - begun < 30);
