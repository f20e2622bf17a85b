'use strict';
// EventEmitter's methods over the machine's lists: EventEmitter keeps the functions, the machine their order among its
// own steps, and calls them.
const { EventEmitter } = require('node:events');
const { native, kId, kServer, kind, SERVER_CLOSE, listener: listeners, forget, emitRest, plain } = require('./core.js');

const kCapture = Symbol('captureRejections');
const base = EventEmitter.prototype;

const serverEvents = new Set(['listening', 'connection', 'close', 'error', 'drop']);
const socketEvents = new Set(Object.keys(kind).filter((name) => !['listening', 'connection', 'drop'].includes(name)));

// The machine's number of an event of this emitter, or undefined if the event is none of the machine's.
function kindOf(emitter, name) {
  if (typeof name !== 'string') return undefined;
  if (!emitter[kServer]) return socketEvents.has(name) ? kind[name] : undefined;
  if (!serverEvents.has(name)) return undefined;
  return name === 'close' ? SERVER_CLOSE : kind[name];
}

function added(emitter, name, listener, prepend) {
  const event = kindOf(emitter, name);
  if (event !== undefined) native.on(emitter[kId], emitter[kServer], event, listeners.use(emitter, listener), prepend);
}

// Which function removeListener takes off the list: the newest that is, or wraps, the one given.
function newest(emitter, name, listener) {
  const list = base.rawListeners.call(emitter, name);
  return list.findLast((fn) => fn === listener || fn.listener === listener);
}

const methods = {
  on(name, listener) {
    base.on.call(this, name, listener);
    added(this, name, listener, false);
    return this;
  },

  prependListener(name, listener) {
    base.prependListener.call(this, name, listener);
    added(this, name, listener, true);
    return this;
  },

  removeListener(name, listener) {
    const event = kindOf(this, name);
    const found = event === undefined ? undefined : newest(this, name, listener);
    base.removeListener.call(this, name, listener);
    if (event !== undefined) {
      const number = found === undefined ? 0 : listeners.number(this, found) ?? 0;
      native.off(this[kId], this[kServer], event, number);
      if (number !== 0) forget(this, number);
    }
    return this;
  },

  removeAllListeners(...given) {
    const [name] = given;
    const all = name === undefined;
    const gone = [];
    for (const each of all ? this.eventNames() : [name]) {
      if (kindOf(this, each) !== undefined) gone.push(...base.rawListeners.call(this, each));
    }
    const before = new Map();
    for (const fn of gone) before.set(fn, listeners.number(this, fn));
    // With a listener of 'removeListener' each is taken off, and forgotten, on its own.
    const oneByOne = base.listenerCount.call(this, 'removeListener') > 0;
    base.removeAllListeners.apply(this, given);
    const event = kindOf(this, name);
    if (all || event !== undefined) native.removeAll(this[kId], this[kServer], all ? undefined : event);
    if (!oneByOne) for (const fn of gone) forget(this, before.get(fn));
    return this;
  },

  listenerCount(name, listener) {
    const event = listener === undefined ? kindOf(this, name) : undefined;
    if (event === undefined || this[kId] === undefined) return base.listenerCount.call(this, name, listener);
    return native.listenerCount(this[kId], this[kServer], event);
  },

  emit(name, ...args) {
    return emitRest(this, name, args) ?? base.emit.call(this, name, ...args);
  },

  // A listener has given something back: with captureRejections a promise that fails is an 'error'.
  settled(result, name, args) {
    if (!this[kCapture] || typeof result.then !== 'function') return;
    const failed = (error) => process.nextTick(rejected, this, error, name, args);
    result.then(undefined, failed);
  },

  // After an event; what is to be done then depends on what it was.
  emitted() {},
};
plain.emit = methods.emit;
methods.addListener = methods.on;
methods.off = methods.removeListener;

function rejected(emitter, error, name, args) {
  const own = emitter[EventEmitter.captureRejectionSymbol];
  if (typeof own === 'function') own.call(emitter, error, name, ...args);
  else emitter.emit('error', error);
}

function install(prototype) {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

module.exports = { install, kCapture };
