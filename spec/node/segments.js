'use strict';
// Which segment of execution runs now: `main` until the first callback starts; afterwards every
// outermost async_hooks `before` opens a new one. A `before` inside another one belongs to the segment
// it was entered from.

const asyncHooks = require('async_hooks');

const tickIds = new Set();
let depth = 0;
let segment = { id: 0, kind: 'main' };
let segmentCount = 1;
let onResource = null;

asyncHooks.createHook({
  init(id, type, trigger, resource) {
    if (type === 'TickObject') tickIds.add(id);
    else if (onResource !== null) onResource(type, resource);
  },
  before(id) {
    if (depth === 0) segment = { id: segmentCount++, kind: tickIds.delete(id) ? 'tick' : 'turn' };
    depth++;
  },
  after() {
    depth--;
    // Nothing may log between two callbacks; `none` in a log would reveal a hole in this scheme.
    if (depth === 0) segment = { id: segmentCount++, kind: 'none' };
  },
}).enable();

// The segment that runs now: `id` grows, `kind` is main, turn, tick or none.
function current() {
  return segment;
}

// fn(type, resource) is called for everything made from now on that has an async id and is no tick.
function watchResources(fn) {
  onResource = fn;
}

module.exports = { current, watchResources };
