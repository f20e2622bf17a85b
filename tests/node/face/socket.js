'use strict';
// net.Socket
const { Buffer } = require('node:buffer');
const { EventEmitter } = require('node:events');
const { format, inspect } = require('node:util');
const { Duplex, addAbortSignal, getDefaultHighWaterMark } = require('node:stream');
const { native, isIP, kId, kServer, know, hold, letGo, callbacks, answerError, write, writeBytes } = require('./core.js');
const { install, kCapture } = require('./emitter.js');
const { blockListOf, holdsFor } = require('./addresses.js');
const { normalizeArgs, isNormalized, defaults } = require('./args.js');
const {
  badPort, coded, invalidArgType, invalidArgValue, outOfRange, validateBoolean, validateFunction, validateInt32, validateNumber,
} = require('./errors.js');
const lent = require('./lent.js');
const { ReadableState, WritableState } = require('./state.js');
const { handleOf, setHandle, take, foreign, foreignOf, duplicateOf } = require('./handle.js');

const kAdopt = Symbol('adopt');
const kLookup = Symbol('lookup');
// Of a socket over a handle of the user's: the machine knows nothing of that.
const kNoDelay = Symbol('noDelay');
const GIB = 2 ** 30;
const kTimeout = Symbol('timeout');
const kOnRead = Symbol('onread');
const kEncoding = Symbol('defaultEncoding');

function Socket(options) {
  if (!(this instanceof Socket)) return new Socket(options);
  for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
    if (options?.[name]) throw invalidArgValue(`options.${name}`, options[name], 'is not supported');
  }
  let delay = options?.keepAliveInitialDelay;
  if (delay !== undefined) {
    validateNumber(delay, 'options.keepAliveInitialDelay');
    delay = Math.max(delay, 0);
  }
  const blockList = blockListOf(options);
  if (blockList !== undefined) this.blockList = blockList;
  this[kServer] = false;
  options = typeof options === 'number' ? { fd: options } : { ...options };
  EventEmitter.call(this, options);
  this[kCapture] = options.captureRejections ?? EventEmitter.captureRejections;
  this[kEncoding] = options.defaultEncoding ?? 'utf8';
  this[kNoDelay] = Boolean(options.noDelay);
  this._hadError = false;
  this._parent = null;
  this._host = null;
  this._pendingData = null;
  this._pendingEncoding = '';
  this.server = null;
  this._server = null;
  const fd = options.fd ?? (options.handle ? duplicateOf(options.handle) : undefined);
  if (options[kAdopt] !== undefined) {
    know(this, options[kAdopt]);
    native.adopt(this[kId]);
    hold(this);
    native.context(this[kId], false, this);
    take(this);
  } else {
    const { highWaterMark, readableHighWaterMark, writableHighWaterMark, readable, writable } = options;
    if (fd !== undefined) validateInt32(fd, 'fd', 0);
    const all = getDefaultHighWaterMark(false);
    const id = native.newSocket(Boolean(options.allowHalfOpen), highWaterMark ?? undefined, Boolean(options.noDelay),
                                Boolean(options.keepAlive), ~~((delay ?? 0) / 1000) * 1000,
                                readableHighWaterMark ?? all, writableHighWaterMark ?? all, readable, writable, fd);
    know(this, id);
    if (fd !== undefined) {
      hold(this);
      native.context(id, false, this);
    }
  }
  if (options.handle && fd === undefined) foreign(this, options.handle);
  onread(this, options.onread);
  if (options.signal) addAbortSignal(options.signal, this);
}
Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
Object.setPrototypeOf(Socket, Duplex);
install(Socket.prototype);
lent.keepListeners(Socket.prototype);

// The socket of a connection that a server has accepted.
function adopted(id, server) {
  const socket = new Socket({ [kAdopt]: id });
  socket.server = server;
  socket._server = server;
  return socket;
}

function onread(socket, given) {
  if (given === null || typeof given !== 'object' || typeof given.callback !== 'function') return;
  const make = typeof given.buffer === 'function' ? given.buffer : undefined;
  const buffer = make ? make() : given.buffer;
  if (!(buffer instanceof Uint8Array)) return;
  socket[kOnRead] = { make, buffer, callback: given.callback };
  native.onRead(socket[kId], buffer.length);
}

function define(methods) {
  for (const name of Reflect.ownKeys(methods)) {
    const value = methods[name];
    Object.defineProperty(Socket.prototype, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

const familyOf = (family) => ({ IPv4: 4, IPv6: 6 })[family] ?? family;

// What is wrong with the options of a connect to a host.
function wrong(options) {
  const { localAddress, localPort, port, autoSelectFamily, autoSelectFamilyAttemptTimeout: timeout } = options;
  if (localAddress && !isIP(localAddress)) {
    return coded(TypeError, 'ERR_INVALID_IP_ADDRESS', format('Invalid IP address: %s', localAddress));
  }
  try {
    // Of a host that is no text, but reads as an address, Node 20 aborts: here it is what newer Nodes throw.
    if (typeof options.host === 'object' && options.host !== null && isIP(options.host)) {
      throw invalidArgType('options.host', 'string', options.host);
    }
    if (localPort) validateNumber(localPort, 'options.localPort');
    if (port !== undefined) {
      if (typeof port !== 'number' && typeof port !== 'string') {
        throw invalidArgType('options.port', ['number', 'string'], port);
      }
      const error = badPort(port);
      if (error) throw error;
    }
    if (autoSelectFamily != null) validateBoolean(autoSelectFamily, 'options.autoSelectFamily');
    if (timeout != null) validateInt32(timeout, 'options.autoSelectFamilyAttemptTimeout', 1);
    if (!isIP(options.host || 'localhost') && options.lookup != null) {
      validateFunction(options.lookup, 'options.lookup');
    }
  } catch (error) {
    return error;
  }
  return undefined;
}

// The machine throws too, after it has begun to connect: the error that says more is thrown.
function refuse(socket, error) {
  try {
    native.connectHost(socket[kId], undefined, -1);
  } catch {
    throw error;
  }
}

function connectHost(socket, options) {
  const error = wrong(options);
  if (error) refuse(socket, error);
  socket[kLookup] = options;
  socket._host = isIP(options.host || 'localhost') ? socket._host : options.host || 'localhost';
  const localPort = options.localPort ? Number(options.localPort) : undefined;
  if (socket.blockList) holdsFor(socket.blockList, socket);
  native.connectHost(socket[kId], options.host ? String(options.host) : undefined, Number(options.port),
                     familyOf(options.family), options.hints, options.localAddress || undefined, localPort,
                     options.autoSelectFamily ?? defaults.autoSelectFamily,
                     options.autoSelectFamilyAttemptTimeout ?? defaults.attemptTimeout);
}

define({
  connect(...args) {
    const [options, callback] = isNormalized(args[0]) ? args[0] : normalizeArgs(args);
    if (callback !== null) this.once('connect', callback);
    if (this._parent?.connecting) return this;
    if (options.port === undefined && options.path == null) {
      throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    }
    const { path } = options;
    hold(this);
    native.context(this[kId], false, this);
    if (path && typeof path !== 'string') refuse(this, invalidArgType('options.path', 'string', path));
    if (path) native.connectPath(this[kId], path);
    else connectHost(this, options);
    return this;
  },

  // The machine asks for a name's addresses.
  resolve(lookup, host, family, hints, all) {
    const options = this[kLookup];
    const ask = options.lookup ?? require('node:dns').lookup;
    const asked = { family: familyOf(options.family), hints: options.hints || 0 };
    if (asked.family !== 4 && asked.family !== 6 && asked.hints === 0) asked.hints = require('node:dns').ADDRCONFIG;
    if (all) asked.all = true;
    ask(options.host || host, asked, (error, address, kind) => {
      if (error) {
        answerError(lookup, error);
      } else if (all) {
        native.answer(lookup, address.flatMap((each) => [String(each.address), each.family]), address.length);
      } else {
        // What is no text is no address, also if it reads as one.
        native.answer(lookup, [typeof address === 'string' ? address : inspect(address), kind], 1);
      }
    });
  },

  write(chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    if (!encoding && typeof callback !== 'function' && Buffer.isBuffer(chunk)) {
      hold(this);
      return writeBytes(this[kId], chunk);
    }
    const [data, how] = checked(this, chunk, encoding);
    hold(this);
    return write(this[kId], data, how, used(callback));
  },

  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') [chunk, encoding, callback] = [null, null, chunk];
    else if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    const [data, how] = chunk === null || chunk === undefined ? [] : checked(this, chunk, encoding);
    hold(this);
    native.end(this[kId], data, how, used(callback));
    return this;
  },

  cork() { native.cork(this[kId]); },
  uncork() { native.uncork(this[kId]); },

  setDefaultEncoding(encoding) {
    if (typeof encoding === 'string') encoding = encoding.toLowerCase();
    if (!Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
    this[kEncoding] = encoding;
    return this;
  },

  destroy(error, callback) {
    const again = this.destroyed;
    if (typeof callback === 'function') {
      if (again) callback();
      else this.once('close', () => callback(error ?? null));
    }
    hold(this);
    if (error) {
      native.destroy(this[kId], [error], typeof error.code === 'string' ? error.code : undefined,
                     String(error.message ?? error));
    } else {
      native.destroy(this[kId]);
    }
    return this;
  },

  destroySoon() {
    hold(this);
    native.destroySoon(this[kId]);
  },

  resetAndDestroy() {
    hold(this);
    native.reset(this[kId]);
    return this;
  },

  pause() {
    native.pause(this[kId]);
    return this;
  },

  resume() {
    native.resume(this[kId]);
    return this;
  },

  read(n) {
    const size = n === undefined ? NaN : Number.isInteger(n) ? n : Number.parseInt(n, 10);
    if (size > GIB) throw outOfRange('size', '<= 1GiB', size);
    return native.read(this[kId], Number.isNaN(size) ? undefined : Math.max(size, 0));
  },

  unshift: lent.unshift,

  setEncoding(encoding) {
    const name = encoding === '' ? 'utf8' : encoding ?? 'utf8';
    if (!Buffer.isEncoding(name)) throw unknownEncoding(encoding);
    native.setEncoding(this[kId], String(name));
    return this;
  },

  isPaused() { return native.socketGet(this[kId], 14); },

  // A read of a socket with the option onread: into the user's buffer.
  readInto(bytes) {
    const onread = this[kOnRead];
    const { buffer } = onread;
    buffer.set(bytes);
    const goOn = onread.callback.call(this, bytes.length, buffer);
    if (goOn === false) native.stopReading(this[kId]);
    else if (onread.make) onread.buffer = onread.make();
  },

  setTimeout(ms, callback) {
    if (this.destroyed) return this;
    this[kTimeout] = ms;
    if (typeof ms !== 'number') {
      throw invalidArgType('msecs', 'number', ms);
    }
    native.setTimeout(this[kId], ms);
    if (callback !== undefined) {
      validateFunction(callback, 'callback');
      if (ms === 0) this.removeListener('timeout', callback);
      else this.once('timeout', callback);
    }
    return this;
  },

  setNoDelay(enable) {
    const on = Boolean(enable === undefined ? true : enable);
    const handle = foreignOf(this);
    if (handle === undefined) {
      native.setNoDelay(this[kId], on);
    } else if (handle.setNoDelay && on !== this[kNoDelay]) {
      this[kNoDelay] = on;
      handle.setNoDelay(on);
    }
    return this;
  },

  setKeepAlive(enable, delay) {
    native.setKeepAlive(this[kId], Boolean(enable), Math.max(~~(delay / 1000) * 1000, 0));
    return this;
  },

  // Of newer Nodes.
  setTypeOfService(service) {
    if (Number.isNaN(service)) throw invalidArgType('tos', 'number', service);
    validateInt32(service, 'tos', 0);
    if (service > 255) throw outOfRange('tos', '>= 0 && <= 255', service);
    native.setTypeOfService(this[kId], service);
    return this;
  },

  getTypeOfService() { return native.typeOfService(this[kId]); },

  ref() {
    native.ref(this[kId], true);
    return this;
  },

  unref() {
    native.ref(this[kId], false);
    return this;
  },

  address() {
    const given = native.address(this[kId], false);
    if (given === undefined) return {};
    const [address, port, family] = given;
    return { address, family, port };
  },

  // What the machine emits, as the arguments that Node has.
  arguments(name, a, b, c, d) {
    switch (name) {
      case 'data':
      case 'error':
        return this.emit(name, a);
      case 'close':
        return a === undefined ? this.emit(name) : this.emit(name, a);
      case 'lookup':
        return this.emit(name, a, b, c, this[kLookup]?.host || d);
      case 'connectionAttemptFailed':
        return this.emit(name, a, b, c, d);
      case 'connectionAttempt':
      case 'connectionAttemptTimeout':
        return this.emit(name, a, b, c);
      default:
        return this.emit(name);
    }
  },

  emitted(name) {
    if (name === 'close' && !native.socketGet(this[kId], 27)) letGo(this);
  },
});

define(require('./pipe.js').methods);

const unknownEncoding = (encoding) => coded(TypeError, 'ERR_UNKNOWN_ENCODING', format('Unknown encoding: %s', encoding));

const used = (callback) => (typeof callback === 'function' ? callbacks.use(callback) : undefined);

const encodedHere = new Set(['hex', 'base64', 'base64url']);

// A chunk as the machine takes it: bytes, or text with its encoding, or bytes of a text with its length.
function checked(socket, chunk, encoding) {
  if (!encoding) encoding = socket[kEncoding];
  else if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw unknownEncoding(encoding);
  if (typeof chunk === 'string') {
    const name = String(encoding).toLowerCase();
    return encodedHere.has(name) ? [Buffer.from(chunk, encoding), chunk.length] : [chunk, name];
  }
  if (chunk === null) throw coded(TypeError, 'ERR_STREAM_NULL_VALUES', 'May not write null values to stream');
  if (Buffer.isBuffer(chunk)) return [chunk, undefined];
  if (ArrayBuffer.isView(chunk)) return [Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), undefined];
  throw invalidArgType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk);
}

function property(name, get, set = () => {}) {
  Object.defineProperty(Socket.prototype, name, { get, set, configurable: true, enumerable: false });
}

const seen = {
  connecting: 0, _connecting: 0, pending: 1, destroyed: 2, readyState: 3, bufferSize: 4, bytesRead: 5, _bytesDispatched: 6,
  bytesWritten: 6, readable: 8, readableEncoding: 10, readableLength: 11,
  readableHighWaterMark: 12, readableEnded: 13, writable: 15, writableLength: 16, writableHighWaterMark: 17,
  writableNeedDrain: 18, writableEnded: 19, writableFinished: 20, writableCorked: 21, errored: 23, closed: 24,
  autoSelectFamilyAttemptedAddresses: 25, allowHalfOpen: 26, readableAborted: 28, readableDidRead: 29,
};
for (const [name, number] of Object.entries(seen)) {
  property(name, function() { return native.socketGet(this[kId], number); });
}
property('readableFlowing', function() { return native.socketGet(this[kId], 9); }, function(value) {
  native.setFlowing(this[kId], value == null ? null : Boolean(value));
});
property('timeout', function() { return this[kTimeout]; });
property('_handle', function() { return handleOf(this); }, function(handle) { setHandle(this, handle); });
property('writableAborted', function() {
  return (this.destroyed || this.errored !== null) && !this.writableFinished;
});
const states = { _readableState: ReadableState, _writableState: WritableState };
for (const [name, State] of Object.entries(states)) {
  const kState = Symbol(name);
  property(name, function() { return (this[kState] ??= new State(this)); });
}
property('readableObjectMode', () => false);
property('writableObjectMode', () => false);

const names = { Address: 0, Port: 1, Family: 2 };
for (const [part, at] of Object.entries(names)) {
  property(`local${part}`, function() { return native.address(this[kId], false)?.[at]; });
  property(`remote${part}`, function() { return native.address(this[kId], true)?.[at]; });
}

module.exports = { Socket, adopted };
