'use strict';
// The machine, and which object or function each of its ids stands for.
// NETFOLD_ADDON is the path of another build, such as one with planted bugs.
const native = require(process.env.NETFOLD_ADDON || '../netfold.node');
const path = require('node:path');
const { isMainThread, threadId } = require('node:worker_threads');
const { makeError } = require('./errors.js');

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
  const table = tables[object[kServer] ? 1 : 0];
  object[kId] = id;
  table.known[slotOf(id)] = new WeakRef(object);
  if (!object[kServer]) registry.register(object, id);
}

function hold(object) {
  tables[object[kServer] ? 1 : 0].held[slotOf(object[kId])] = object;
}

function letGo(object) {
  tables[object[kServer] ? 1 : 0].held[slotOf(object[kId])] = undefined;
}

const find = (slot, server) => {
  const { held, known } = tables[server ? 1 : 0];
  return held[slot] ?? known[slot]?.deref();
};

// Functions under numbers. A number lasts while its function is in use; equal functions have equal numbers.
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

  number(fn) {
    return this.#byFunction.get(fn)?.number;
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

// Listeners lie with their object: they often refer to it, and it must be collected with them.
const kListeners = Symbol('listeners');
const listenersOf = (object) => (object[kListeners] ??= new Functions());

// Emissions under way, the innermost last, and listeners that were taken off meanwhile: these may still be called.
const emissions = [];
const dropped = [];

function forget(object, number) {
  if (emissions.length > 0) dropped.push([object, number]);
  else listenersOf(object).drop(number);
}

const handlers = {
  nextTick(id) {
    process.nextTick(native.tick, id);
  },

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
      while (emissions.length === 0 && dropped.length > 0) {
        const [from, number] = dropped.pop();
        listenersOf(from).drop(number);
      }
      object.emitted(name);
    }
    return emission.taken;
  },

  listener(number) {
    const { object, name, args } = emissions.at(-1);
    const fn = listenersOf(object).get(number);
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
  turn: native.turn,
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

native.setUp(handlers, traceFile());
process.on('exit', () => native.finishTrace());

function counters() {
  const flat = native.counters();
  const out = {};
  for (let at = 0; at < flat.length; at += 2) out[flat[at]] = flat[at + 1];
  return out;
}

const isIP = (input) => native.isIP(`${input}`);

module.exports = {
  native, isIP, kId, kServer, kind, SERVER_CLOSE, know, hold, letGo, find,
  listenersOf, callbacks, forget, emitRest, answerError, counters, accept,
  incoming: () => incoming,
};
