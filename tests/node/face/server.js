'use strict';
// net.Server
const { EventEmitter, addAbortListener } = require('node:events');
const { getDefaultHighWaterMark } = require('node:stream');
const { promisify } = require('node:util');
const { native, isIP, kId, kServer, know, hold, letGo, callbacks } = require('./core.js');
const { install, kCapture } = require('./emitter.js');
const { blockListOf, holdsFor } = require('./addresses.js');
const { normalizeArgs, isPipeName } = require('./args.js');
const { handleOf, setHandle } = require('./handle.js');
const { adopted } = require('./socket.js');
const { badPort, coded, invalidArgType, invalidArgValue, validateAbortSignal, validateNumber } =
  require('./errors.js');

function Server(options, connectionListener) {
  if (!(this instanceof Server)) return new Server(options, connectionListener);
  this[kServer] = true;
  EventEmitter.call(this);
  this[kCapture] = EventEmitter.captureRejections;
  if (typeof options === 'function') {
    connectionListener = options;
    options = {};
  } else if (options == null || typeof options === 'object') {
    options = { ...options };
  } else {
    throw invalidArgType('options', 'Object', options);
  }
  for (const name of ['keepAliveInitialDelay', 'highWaterMark']) {
    if (options[name] !== undefined) validateNumber(options[name], `options.${name}`);
  }
  this._unref = false;
  this.allowHalfOpen = options.allowHalfOpen || false;
  this.pauseOnConnect = Boolean(options.pauseOnConnect);
  this.noDelay = Boolean(options.noDelay);
  this.keepAlive = Boolean(options.keepAlive);
  this.keepAliveInitialDelay = ~~(Math.max(options.keepAliveInitialDelay, 0) / 1000);
  const least = options.highWaterMark < 0 ? undefined : options.highWaterMark;
  this.highWaterMark = least ?? getDefaultHighWaterMark();
  const id = native.newServer(Boolean(options.allowHalfOpen), this.highWaterMark, this.noDelay, this.keepAlive,
                              this.keepAliveInitialDelay * 1000, undefined, undefined, undefined, undefined, this.pauseOnConnect);
  know(this, id);
  const blockList = blockListOf(options);
  if (blockList !== undefined) {
    this.blockList = blockList;
    holdsFor(blockList, this);
  }
  if (typeof connectionListener === 'function') this.on('connection', connectionListener);
}
Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Server, EventEmitter);
install(Server.prototype);

const backlogOf = (value) => {
  const number = Number(value);
  return number >= 0 ? number : false;
};

Server.prototype.listen = function(...args) {
  let [options, callback] = normalizeArgs(args);
  if (this.listening) {
    throw coded(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
  }
  if (callback !== null) this.once('listening', callback);
  const given = backlogOf(args.length > 1 && args[1]) || backlogOf(args.length > 2 && args[2]);
  options = options._handle || options.handle || options;
  abortable(this, options);
  if (typeof options.fd === 'number' && options.fd >= 0) {
    return listening(this, () => native.listenFd(this[kId], options.fd, given || 0));
  }
  if (args.length === 0 || typeof args[0] === 'function' ||
      (options.port === undefined && 'port' in options) || options.port === null) {
    options = { ...options, port: 0 };
  }
  const backlog = options.backlog || given || 0;
  if (typeof options.port === 'number' || typeof options.port === 'string') {
    const error = badPort(options.port, 'options.port');
    if (error) throw error;
    const { host } = options;
    if (host && typeof host !== 'string') throw invalidArgType('hostname', 'string', host);
    this._connectionKey = `${host ? isIP(host) : 6}:${host || '::'}:${options.port | 0}`;
    return listening(this, () => {
      native.listenPort(this[kId], options.port | 0, host || undefined, backlog, Boolean(options.ipv6Only),
                        Boolean(options.reusePort));
    });
  }
  if (options.path && isPipeName(options.path)) {
    const { path, readableAll, writableAll } = options;
    if (path[0] === '\0' && (readableAll || writableAll)) {
      throw invalidArgValue('options', options,
                            'can not set readableAll or writableAllt to true when path is abstract unix socket');
    }
    this._pipeName = path;
    this._connectionKey = `-1:${path}:-1`;
    return listening(this, () => {
      native.listenPath(this[kId], path, backlog, readableAll === true, writableAll === true);
    });
  }
  if (!('port' in options) && !('path' in options)) {
    throw invalidArgValue('options', options, 'must have the property "port" or "path"');
  }
  throw invalidArgValue('options', options);
};

function listening(server, listen) {
  hold(server);
  native.context(server[kId], true, server);
  listen();
  return server;
}

function abortable(server, options) {
  if (options?.signal === undefined) return;
  const { signal } = options;
  validateAbortSignal(signal, 'options.signal');
  const close = () => server.close();
  if (signal.aborted) {
    process.nextTick(close);
  } else {
    const disposable = addAbortListener(signal, close);
    server.once('close', () => disposable[Symbol.dispose]());
  }
}

Server.prototype.address = function() {
  const given = native.serverAddress(this[kId]);
  if (given === undefined || given === '') return null;
  if (typeof given === 'string') return given;
  const [address, port, family] = given;
  return { address, family, port };
};

Server.prototype.close = function(callback) {
  if (typeof callback === 'function') {
    const running = this.listening;
    this.once('close', running ? callback : function close() {
      callback(coded(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'));
    });
  }
  native.closeServer(this[kId]);
  return this;
};

Server.prototype[Symbol.asyncDispose] = async function() {
  if (!this.listening) return undefined;
  return promisify(this.close).call(this);
};

Server.prototype.getConnections = function(callback) {
  native.getConnections(this[kId], callbacks.use(callback));
  return this;
};

Server.prototype.ref = function() {
  this._unref = false;
  native.refServer(this[kId], true);
  return this;
};

Server.prototype.unref = function() {
  this._unref = true;
  native.refServer(this[kId], false);
  return this;
};

// What the machine emits, as the arguments that Node has.
Server.prototype.arguments = function(name, a, b) {
  switch (name) {
    case 'connection': {
      const socket = adopted(a, this);
      return this.emit(name, socket);
    }
    case 'drop': {
      if (a === undefined && b === undefined) return this.emit(name, undefined);
      const [localAddress, localPort, localFamily] = a ?? [];
      const [remoteAddress, remotePort, remoteFamily] = b ?? [];
      return this.emit(name, { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily });
    }
    case 'close':
      if (a === undefined) return this.emit(name);
      return this.emit(name, a);
    case 'error':
      return this.emit(name, a);
    default:
      return this.emit(name);
  }
};

Server.prototype.emitted = function(name) {
  if (name === 'close' && !this.listening) letGo(this);
};

const property = (name, get, set) => {
  Object.defineProperty(Server.prototype, name, { get, set, configurable: true, enumerable: true });
};
property('listening', function() { return native.serverGet(this[kId], 0); });
property('_handle', function() { return handleOf(this); }, function(handle) { setHandle(this, handle); });
property('_connections', function() { return native.serverGet(this[kId], 1); }, () => {});
const kMost = Symbol('maxConnections');
property('maxConnections', function() { return this[kMost]; }, function(value) {
  this[kMost] = value;
  native.setMaxConnections(this[kId], value ? Math.ceil(Number(value)) || 0 : 0);
});

Server.prototype[EventEmitter.captureRejectionSymbol] = function(error, event, socket) {
  if (event === 'connection') socket.destroy(error);
  else this.emit('error', error);
};

for (const name of ['arguments', 'emitted']) Object.defineProperty(Server.prototype, name, { enumerable: false });
module.exports = { Server };
