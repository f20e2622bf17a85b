'use strict';
// `socket._readableState` and `socket._writableState`, which http, ws and others look into: what the machine says, under the
// names that it has there. Nothing can be set through them.
const { Writable } = require('node:stream');
const { native, kId } = require('./core.js');

const kSocket = Symbol('socket');

class ReadableState {
  constructor(socket) {
    Object.defineProperty(this, kSocket, { value: socket });
  }
}
class WritableState {
  constructor(socket) {
    Object.defineProperty(this, kSocket, { value: socket });
  }
}
// `instanceof stream.Writable` asks what the state of a Duplex is an instance of.
Object.setPrototypeOf(WritableState.prototype, Writable.WritableState.prototype);

// What a socket's own property says too.
const both = { destroyed: 'destroyed', closed: 'closed', errored: 'errored' };
const shown = [
  [ReadableState, {
    ...both,
    highWaterMark: 'readableHighWaterMark', length: 'readableLength', flowing: 'readableFlowing', encoding: 'readableEncoding',
    endEmitted: 'readableEnded', dataEmitted: 'readableDidRead',
  }],
  [WritableState, {
    ...both,
    highWaterMark: 'writableHighWaterMark', length: 'writableLength', corked: 'writableCorked',
    ending: 'writableEnded', ended: 'writableEnded', finished: 'writableFinished',
  }],
];

// What only the machine knows, by its numbers.
const hidden = [
  [ReadableState, {
    ended: 31, reading: 32, sync: 33, needReadable: 34, emittedReadable: 35, resumeScheduled: 36, readingMore: 37,
    readableListening: 38, errorEmitted: 39, closeEmitted: 40,
  }],
  [WritableState, { errorEmitted: 39, closeEmitted: 40, pendingcb: 41, writing: 42, finalCalled: 43, prefinished: 44 }],
];

// The same for every socket.
const fixed = { objectMode: false, autoDestroy: true, emitClose: false, constructed: true };

function define(State, name, get) {
  Object.defineProperty(State.prototype, name, { get, set() {}, enumerable: true, configurable: true });
}

for (const [State, names] of shown) {
  for (const [name, property] of Object.entries(names)) define(State, name, function() { return this[kSocket][property]; });
}
for (const [State, numbers] of hidden) {
  for (const [name, number] of Object.entries(numbers)) {
    define(State, name, function() { return native.socketGet(this[kSocket][kId], number); });
  }
}
for (const [name, value] of Object.entries(fixed)) {
  for (const State of [ReadableState, WritableState]) define(State, name, () => value);
}
define(WritableState, 'decodeStrings', () => false);
define(WritableState, 'needDrain', function() { return native.socketGet(this[kSocket][kId], 45); });

module.exports = { ReadableState, WritableState };
