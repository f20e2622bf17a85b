'use strict';
// The machine, and which object or function each of its ids stands for.
const process = require('node:process');
// NETFOLD_ADDON is the path of another build, such as one with planted bugs.
const native = require(process.env.NETFOLD_ADDON || '../netfold.node');
const path = require('node:path');
const { isMainThread, markAsUntransferable, threadId } = require('node:worker_threads');
const { makeError } = require('./errors.js');
// Not looked up in the addon's exports each time: these are too many for that to be quick.
const { begin: nativeBegin, goOn: nativeGoOn, fail: nativeFail, tick: nativeTick, write: nativeWrite, writeBytes: nativeWriteBytes } = native;

const kId = Symbol('id');
const kServer = Symbol('server');
const kind = Object.create(null);
const names = native.eventNames();
names.forEach((name, at) => { kind[name] ??= at; });
// A server's 'close' is an event of its own for the machine.
const SERVER_CLOSE = names.lastIndexOf('close');

const SLOTS = 2 ** 21;
const slotOf = (id) => id % SLOTS;

// An object is held here while the machine can still call it, and known here as long as it lives.
const tables = [{ held: [], known: [] }, { held: [], known: [] }];
const registry = new FinalizationRegistry((id) => native.release(id));

function know(object, id) {
  object[kId] = id;
  tables[object[kServer] ? 1 : 0].known[slotOf(id)] = undefined;
  remember(object);
}

// The object can be found as long as it lives, and the machine is told when it has gone.
function remember(object) {
  const { known } = tables[object[kServer] ? 1 : 0];
  const slot = slotOf(object[kId]);
  if (known[slot] !== undefined) return;
  known[slot] = new WeakRef(object);
  if (!object[kServer]) registry.register(object, object[kId]);
}

// The same for an object that is held from its beginning: it cannot go before it is let go.
function knowHeld(object, id) {
  object[kId] = id;
  hold(object);
}

function hold(object) {
  tables[object[kServer] ? 1 : 0].held[slotOf(object[kId])] = object;
}

function letGo(object) {
  remember(object);
  tables[object[kServer] ? 1 : 0].held[slotOf(object[kId])] = undefined;
}

const find = (slot, server) => {
  const { held, known } = tables[server ? 1 : 0];
  return held[slot] ?? known[slot]?.deref();
};

// Callbacks under numbers. A number lasts while its function is in use; equal functions have equal numbers.
class Functions {
  #next = 1;
  #byNumber = new Map();
  #byFunction = new Map();

  use(fn) {
    let entry = this.#byFunction.get(fn);
    if (entry === undefined) {
      entry = { fn, number: this.#next, uses: 0 };
      this.#next = this.#next === 0xFFFFFFFF ? 1 : this.#next + 1;
      this.#byFunction.set(fn, entry);
      this.#byNumber.set(entry.number, entry);
    }
    entry.uses++;
    return entry.number;
  }

  get(number) {
    return this.#byNumber.get(number)?.fn;
  }

  drop(number) {
    const entry = this.#byNumber.get(number);
    if (entry === undefined || --entry.uses > 0) return;
    this.#byNumber.delete(number);
    if (this.#byFunction.get(entry.fn) === entry) this.#byFunction.delete(entry.fn);
  }
}

const callbacks = new Functions();

// The functions that one socket or server has for listeners, in pairs: a function, and how often it is on the machine's
// lists. The place of a pair is its number; 0 is no listener's. They lie with their object: they often refer to it, and it
// must be collected with them.
const kListeners = Symbol('listeners');
const none = [];
const listenersOf = (object) => object[kListeners] ?? none;

const listener = {
  use(object, fn) {
    let list = listenersOf(object);
    let at = list.indexOf(fn);
    if (at === -1) {
      at = list.indexOf(undefined);
      // An array that is added to takes room for many more, and most sockets have few listeners.
      if (at === -1) object[kListeners] = list = list.concat([undefined, 0]);
      if (at === -1) at = list.length - 2;
      list[at] = fn;
    }
    list[at + 1]++;
    return at / 2 + 1;
  },

  number(object, fn) {
    const at = listenersOf(object).indexOf(fn);
    return at === -1 ? undefined : at / 2 + 1;
  },

  get: (object, number) => listenersOf(object)[2 * number - 2],

  drop(object, number) {
    const list = listenersOf(object);
    const at = 2 * number - 2;
    if (list[at] !== undefined && --list[at + 1] === 0) list[at] = undefined;
  },
};

// `emit` as it is unless a program replaces it.
const plain = { emit: undefined };

// Emissions under way, the innermost last, and listeners that were taken off meanwhile: these may still be called.
const emissions = [];
const dropped = [];

function forget(object, number) {
  if (emissions.length > 0) dropped.push([object, number]);
  else listener.drop(object, number);
}

// Numbers that the addon leaves here for the code that its functions return to. Where each is: src/mail.rs has the same.
const mail = new Float64Array(8);
const TICKS = 0;
const EVENT = 1;
const SLOT = 2;
const LISTENER = 3;
const FROM = 4;
const LENGTH = 5;
const PASSED_OVER = 6;
const WRITES = 7;
// What EVENT can be.
const NOTHING = 0;
const DATA = 1;
const MORE = 2;
const TURN = 3;

// Ticks of the machine's that wait to be queued: to be looked for after each call of native.write, tick, begin and goOn.
function ticks() {
  const count = mail[TICKS];
  mail[TICKS] = 0;
  for (let at = 0; at < count; at++) process.nextTick(tick);
}

// The oldest one runs.
function tick() {
  nativeTick();
  if (mail[TICKS] > 0) ticks();
}

// Small reads share a block, as small Buffers do that programs make. No part of a block is used twice.
const { poolSize, [Symbol.species]: Piece } = Buffer;
const mostPooled = poolSize >>> 1;
let slab = Buffer.alloc(0);
let slabMemory = slab.buffer;

function renewSlab() {
  slab = Buffer.allocUnsafeSlow(poolSize);
  slabMemory = slab.buffer;
  markAsUntransferable(slabMemory);
  native.slab(slab, slabMemory);
}

// One callback of Node's: the machine has run until it needs JavaScript. If it has left 'data' of a socket here, it goes on
// when that was run.
function turn(bytes) {
  if (mail[EVENT] === TURN) {
    if (slab.length === 0) renewSlab();
    bytes = nativeBegin();
  }
  while (mail[EVENT] !== NOTHING) bytes = data(bytes);
  if (mail[TICKS] > 0) ticks();
}

// The emission of 'data' that a turn has left: there is one turn at a time.
const left = { object: undefined, name: 'data', args: undefined, taken: false };

// 'data' of a socket, up to its last listener. What is given back belongs to the event that is left next.
function data(bytes) {
  if (mail[TICKS] > 0) ticks();
  left.object = find(mail[SLOT], false);
  left.taken = false;
  const chunk = taken(bytes);
  emissions.push(left);
  try {
    let next;
    do {
      next = goOn(hear(chunk));
    } while (mail[EVENT] === MORE);
    return next;
  } finally {
    emissions.pop();
    left.object = left.args = undefined;
    if (dropped.length > 0) forgetDropped();
  }
}

// One listener of 'data', or the `emit` that the user has put in place of ours. Whether the listeners are passed over.
function hear(chunk) {
  const { object } = left;
  if (object === undefined) return true;
  try {
    if (mail[EVENT] === DATA && object.emit !== plain.emit) {
      object.emit('data', chunk);
      return !left.taken;
    }
    left.taken = true;
    const fn = listener.get(object, mail[LISTENER]);
    if (fn === undefined) return false;
    const result = fn.call(object, chunk);
    if (result !== undefined && result !== null) object.settled(result, 'data', [chunk]);
    return false;
  } catch (error) {
    return nativeFail(error);
  }
}

function goOn(passedOver) {
  if (slab.length === 0) renewSlab();
  mail[PASSED_OVER] = passedOver ? 1 : 0;
  return nativeGoOn();
}

// The bytes of a read: a part of the slab, if they came in none of their own.
function taken(bytes) {
  if (bytes !== undefined) {
    if (bytes.length <= mostPooled) renewSlab();
    return bytes;
  }
  return new Piece(slabMemory, mail[FROM], mail[LENGTH]);
}

function forgetDropped() {
  while (emissions.length === 0 && dropped.length > 0) {
    const [from, number] = dropped.pop();
    listener.drop(from, number);
  }
}

function write(id, data, how, callback) {
  const more = nativeWrite(id, data, how, callback);
  if (mail[TICKS] > 0) ticks();
  return more;
}

// The same for a Buffer, with no callback.
function writeBytes(id, bytes) {
  mail[WRITES] = id;
  const more = nativeWriteBytes(bytes);
  if (mail[TICKS] > 0) ticks();
  return more;
}

const handlers = {
  ticks,

  // One event: `emit` of the object, which goes on with the listeners in `emitRest`.
  emit(slot, server, event, a, b, c, d) {
    const object = find(slot, server);
    // The object was collected: so were its listeners.
    if (object === undefined) return false;
    const name = names[event];
    const emission = { object, name, event, args: undefined, taken: false };
    emissions.push(emission);
    try {
      object.arguments(name, a, b, c, d);
    } finally {
      emissions.pop();
      forgetDropped();
      object.emitted(name);
    }
    return emission.taken;
  },

  listener(number) {
    const { object, name, args } = emissions.at(-1);
    const fn = listener.get(object, number);
    if (fn === undefined) return;
    const result = Reflect.apply(fn, object, args);
    if (result !== undefined && result !== null) object.settled(result, name, args);
  },

  callback(number, error) {
    const fn = callbacks.get(number);
    callbacks.drop(number);
    if (fn !== undefined) fn(error);
  },

  connections(number, count) {
    const fn = callbacks.get(number);
    callbacks.drop(number);
    if (fn !== undefined) fn(null, count);
  },

  resolve(slot, lookup, host, family, hints, all) {
    find(slot, false)?.resolve(lookup, host, family, hints, all);
  },

  lookup(lookup, host) {
    require('node:dns').lookup(host, (error, address, family) => {
      if (error) answerError(lookup, error);
      else native.answer(lookup, [address, family], 1);
    });
  },

  read(slot, bytes) {
    find(slot, false)?.readInto(bytes);
  },

  // An option of a handle whose object the user has.
  option(slot, number, on, delay) {
    const handle = find(slot, false)?._handle ?? incoming;
    handle.number ??= number;
    if (delay === undefined) handle.setNoDelay(on);
    else handle.setKeepAlive(on, delay);
  },

  // A connection came in at a server whose handle the user has.
  accepted(slot) {
    const { _handle } = find(slot, true);
    _handle.onconnection(0, _handle.incoming());
  },

  released(slot) {
    tables[0].held[slot] = undefined;
    tables[0].known[slot] = undefined;
  },

  error: makeError,
  turn,
};

function answerError(lookup, error) {
  native.answerError(lookup, [error], typeof error?.code === 'string' ? error.code : undefined, String(error?.message));
}

// The object of the handle that is being accepted.
let incoming;

function accept(handle) {
  incoming = handle;
  try {
    native.accept();
  } finally {
    incoming = undefined;
  }
}

// The rest of the emission that this call of `emit` belongs to, or undefined if it belongs to none.
function emitRest(object, name, args) {
  const emission = emissions.at(-1);
  if (emission === undefined || emission.taken || emission.object !== object || emission.name !== name) {
    return undefined;
  }
  emission.taken = true;
  emission.args = args;
  const unheard = name === 'error' && object.listenerCount('error') === 0;
  return native.emitRest(unheard);
}

// Where the trace goes, if one is wanted: each process that this one starts, and each thread, has its own beside it.
function traceFile() {
  const { NETFOLD_RECORD: given, NETFOLD_RECORDING: first } = process.env;
  if (!given) return undefined;
  // Wherever those that are started run.
  const file = path.resolve(given);
  const pid = String(process.pid);
  if (first === undefined) Object.assign(process.env, { NETFOLD_RECORD: file, NETFOLD_RECORDING: pid });
  return [file, ...(first === undefined || first === pid ? [] : [pid]), ...(isMainThread ? [] : [threadId])].join('.');
}

native.setUp(handlers, traceFile(), mail);
process.on('exit', () => native.finishTrace());

function counters() {
  const flat = native.counters();
  const out = {};
  for (let at = 0; at < flat.length; at += 2) out[flat[at]] = flat[at + 1];
  return out;
}

const isIP = (input) => native.isIP(`${input}`);

module.exports = {
  native, isIP, kId, kServer, kind, SERVER_CLOSE, know, knowHeld, hold, letGo, find,
  listener, callbacks, forget, emitRest, answerError, counters, accept, write, writeBytes, plain,
  incoming: () => incoming,
};
