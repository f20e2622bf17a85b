'use strict';
// Who takes part in a program: the steps of sockets and servers.

const fs = require('fs');
const net = require('net');
const { errorText, maskPort, valueText } = require('../node/text');

// A port of 127.0.0.1 on which nobody listens: tcpmux.
const NOBODY = 1;
const BYTES = Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 31 + 7) & 0xff));
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

class Actor {
  constructor(run, declared) {
    this.run = run;
    this.name = declared.name;
    this.declared = declared;
    this.lines = [];
    this.emitter = null;
    this.callbacks = new Map();
    this.added = new Map();
    this.own = new Set();
  }

  log(text) {
    this.run.log(this, text);
  }

  lastLine() {
    return '';
  }

  // The listeners of the file, in its order.
  addListeners() {
    for (const part of this.run.program.parts) {
      if (part.actor !== this.name) continue;
      const listener = this.run.listener(this, part, '');
      this.own.add(listener);
      this.emitter.on(part.event, listener);
    }
  }

  // The function of a callback of this name, or undefined.
  callback(name) {
    if (name === null) return undefined;
    if (!this.callbacks.has(name)) {
      this.callbacks.set(name, (...args) => {
        this.log('cb ' + name + ' ' + errorText(args[0]) + (args.length > 1 ? ' ' + args[1] : ''));
        this.run.runBlock(this.run.program.callbacks.get(name));
      });
    }
    return this.callbacks.get(name);
  }

  // ---- steps of both ----
  add(step, how) {
    const { event, block } = this.run.program.listeners.get(step.listener);
    if (!this.added.has(step.listener)) {
      const listener = this.run.listener(this, { event, block, logs: true }, step.listener + ': ');
      this.own.add(listener);
      this.added.set(step.listener, listener);
    }
    this.emitter[how](event, this.added.get(step.listener));
  }

  on(step) { this.add(step, 'on'); }
  once(step) { this.add(step, 'once'); }
  prepend(step) { this.add(step, 'prependListener'); }
  prependOnce(step) { this.add(step, 'prependOnceListener'); }

  off(step) {
    const { event } = this.run.program.listeners.get(step.listener);
    if (this.added.has(step.listener)) this.emitter.removeListener(event, this.added.get(step.listener));
  }

  removeAll(step) {
    if (step.event === null) this.emitter.removeAllListeners();
    else this.emitter.removeAllListeners(step.event);
  }

  // The promise's own turn.
  dispose(step) {
    const done = this.callback(step.cb);
    this.emitter[Symbol.asyncDispose]().then(() => done && done(), (err) => done && done(err));
  }

  ref() { this.emitter.ref(); }
  unref() { this.emitter.unref(); }

  get(step) {
    return '-> ' + step.properties.map((property) => property + '=' + this.property(property)).join(' ');
  }

  property(property) {
    if (property.startsWith('listenerCount:')) return String(this.emitter.listenerCount(property.slice(14)));
    if (!property.startsWith('listeners:')) return this.value(property);
    const listeners = this.emitter.rawListeners(property.slice(10));
    return String(listeners.filter((l) => this.own.has(l) || this.own.has(l.listener)).length);
  }
}

// ---- sockets and peers ------------------------------------------------------------------------
class SocketActor extends Actor {
  constructor(run, declared) {
    super(run, declared);
    this.written = 0;
    this.wasRead = false;
    this.text = '';
    this.readCount = 0;
    this.hash = 0x811c9dc5;
    this.emission = null;
    this.heardCount = 0;
  }

  make() {
    if (this.declared.role === 'peer') return;
    const { noRead, noWrite, onread, signal, forgotten, ...options } = this.declared.options;
    if (noRead) options.readable = false;
    if (noWrite) options.writable = false;
    if (signal !== undefined) options.signal = this.run.controller(signal).signal;
    if (onread !== undefined) {
      options.onread = {
        buffer: Buffer.alloc(onread),
        callback: (n, buffer) => {
          this.log('onread ' + n);
          this.took(buffer.subarray(0, n));
        },
      };
    }
    this.is(new net.Socket(options));
  }

  // From now on this socket is the actor's.
  is(socket) {
    this.emitter = socket;
    const emit = socket.emit;
    socket.emit = (name, ...args) => {
      if (name === 'error') this.unheard(args[0]);
      if (name !== 'data') return emit.call(socket, name, ...args);
      const outer = this.emission;
      this.emission = { heard: false };
      try {
        return emit.call(socket, name, ...args);
      } finally {
        this.emission = outer;
      }
    };
    this.addListeners();
  }

  // The 'error' of a reset that failed (D1) is logged also when a pipe alone hears it, since it changes what follows.
  unheard(err) {
    const known = this.emitter.listenerCount('error') > 0 && this.property('listeners:error') === '0';
    if (known && err.syscall === 'reset') this.log('unheard ' + errorText(err));
  }

  // A listener of 'data' got this; the first of its emission counts.
  heard(chunk) {
    if (this.emission.heard) return;
    this.emission.heard = true;
    this.heardCount++;
    this.took(chunk);
  }

  took(chunk) {
    if (this.run.over) return;
    this.wasRead = true;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (typeof chunk === 'string') this.text += chunk;
    this.readCount += bytes.length;
    let hash = this.hash;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    this.hash = hash;
  }

  lastLine() {
    if (!this.wasRead) return '';
    return 'read ' + this.readCount + ' ' + (this.hash >>> 0).toString(16).padStart(8, '0') + '\n';
  }

  // What is written next: bytes or letters of the socket's running pattern.
  chunk(length, encoding) {
    const at = this.written;
    this.written += length;
    if (encoding === undefined) return Buffer.alloc(length, BYTES.subarray(at % 256, at % 256 + 256));
    const pattern = ['base64', 'base64url', 'hex'].includes(encoding) ? DIGITS : LETTERS;
    const from = at % pattern.length;
    return pattern.repeat(Math.ceil((from + length) / pattern.length)).slice(from, from + length);
  }

  drop() {
    if (this.emitter === null) return;
    letGo(this.emitter);
  }

  // ---- steps ----
  connect(step) {
    const options = this.target(step.to);
    if (options === null) return 'no address';
    if (this.isOtherKind(options)) return 'other kind';
    const given = step.options;
    for (const key of ['host', 'port', 'family', 'localPort', 'localAddress']) {
      if (given[key] !== undefined) options[key] = given[key];
    }
    if (given.blockList !== undefined) options.blockList = blocking(given.blockList);
    if (given.autoSelectFamily) options.autoSelectFamily = true;
    if (given.noAutoSelectFamily) options.autoSelectFamily = false;
    if (given.lookup !== undefined) options.lookup = (host, asked, done) => answer(given.lookup, host, asked.all, done);
    // Node's net.connect does this with the option.
    if (given.timeout) this.emitter.setTimeout(given.timeout);
    this.emitter.connect(options, this.callback(step.cb));
    return undefined;
  }

  // Node aborts when a handle of one kind is told to connect as the other.
  isOtherKind(options) {
    const handle = this.emitter._handle;
    return Boolean(handle) && !this.emitter.destroyed && (options.path !== undefined) !== (handle.constructor.name === 'Pipe');
  }

  target(to) {
    switch (to) {
      case 'refused':
        return { host: '127.0.0.1', port: NOBODY };
      case 'missing':
        return { path: this.run.path('-missing') };
      case 'path-of-file': {
        const file = this.run.path('-file');
        fs.writeFileSync(file, '');
        return { path: file };
      }
      default: {
        const address = this.run.actors.get(to).emitter.address();
        if (address === null) return null;
        return typeof address === 'string' ? { path: address } : { host: address.address, port: address.port };
      }
    }
  }

  write(step) {
    return '-> ' + this.emitter.write(this.chunk(step.length, step.encoding), step.encoding, this.callback(step.cb));
  }

  end(step) {
    if (step.length === undefined) this.emitter.end(this.callback(step.cb));
    else this.emitter.end(this.chunk(step.length, step.encoding), step.encoding, this.callback(step.cb));
  }

  destroy(step) {
    if (step.error) this.emitter.destroy(new Error('boom'));
    else this.emitter.destroy();
  }

  smile(step) {
    return '-> ' + this.emitter.write('\u{1f600}'.repeat(step.count), this.callback(step.cb));
  }

  // A listener of 'pause' that makes the socket emit it again, so deep.
  nest(step) {
    let left = step.depth;
    const deeper = () => {
      if (left-- <= 0) return;
      this.emitter.resume();
      this.emitter.pause();
    };
    this.emitter.on('pause', deeper);
    try {
      this.emitter.resume();
      this.emitter.pause();
    } finally {
      this.emitter.removeListener('pause', deeper);
    }
  }

  setTypeOfService(step) {
    if (this.emitter.setTypeOfService === undefined) return 'not there';
    this.emitter.setTypeOfService(step.value);
    return undefined;
  }

  getTypeOfService() {
    return this.emitter.getTypeOfService === undefined ? 'not there' : '-> ' + this.emitter.getTypeOfService();
  }

  unshift(step) { return '-> ' + this.emitter.unshift(this.chunk(step.length, step.encoding), step.encoding); }
  push(step) { return '-> ' + this.emitter.push(this.chunk(step.length)); }
  setDefaultEncoding(step) { this.emitter.setDefaultEncoding(step.encoding); }
  emit(step) { return '-> ' + this.emitter.emit(step.event); }

  iterate() {
    const all = async () => {
      for await (const chunk of this.emitter) this.log('item ' + chunk.length);
    };
    all().then(() => this.log('iterated'), (err) => this.log('iterated ' + errorText(err)));
  }

  destroySoon() { this.emitter.destroySoon(); }
  reset() { this.emitter.resetAndDestroy(); }
  pause() { this.emitter.pause(); }
  resume() { this.emitter.resume(); }
  cork() { this.emitter.cork(); }
  uncork() { this.emitter.uncork(); }

  read(step) {
    const heard = this.heardCount;
    const chunk = this.emitter.read(step.length);
    this.wasRead = true;
    if (chunk === null) return '-> null';
    if (this.heardCount === heard) this.took(chunk);
    return '-> ' + chunk.length;
  }

  setEncoding(step) { this.emitter.setEncoding(step.encoding); }
  setTimeout(step) { this.emitter.setTimeout(step.ms, this.callback(step.cb)); }
  setNoDelay(step) { this.emitter.setNoDelay(step.value); }
  setKeepAlive(step) { this.emitter.setKeepAlive(step.value, step.ms); }

  pipe(step) {
    const other = this.run.actors.get(step.other).emitter;
    if (other !== null) this.emitter.pipe(other, { end: step.end });
  }

  unpipe(step) {
    if (step.other === null) {
      this.emitter.unpipe();
      return;
    }
    const other = this.run.actors.get(step.other).emitter;
    if (other !== null) this.emitter.unpipe(other);
  }

  value(property) {
    const socket = this.emitter;
    switch (property) {
      case 'isPaused':
        return String(socket.isPaused());
      case 'erroredCause':
        return socket.errored && socket.errored.cause ? socket.errored.cause.name : 'none';
      case 'joined':
        return String(this.text === '' ? this.readCount : Buffer.byteLength(this.text));
      case 'errored':
        return socket.errored === null ? 'null' : socket.errored.code || socket.errored.name;
      case 'address': {
        const a = socket.address();
        return a.address === undefined ? '{}' : a.family + ' ' + a.address + ' ' + maskPort(a.port);
      }
      case 'remotePort':
      case 'localPort':
        return maskPort(socket[property]);
      case 'attempted': {
        const list = socket.autoSelectFamilyAttemptedAddresses;
        return list === undefined ? 'undefined' : list.map(valueText).join(',');
      }
      default:
        return valueText(socket[property]);
    }
  }
}

// Destroys a socket whose program is over, with a reset where that can be: a connection that is closed in order keeps its
// port for a minute, and thousands of programs would use them all up.
function letGo(socket) {
  socket.removeAllListeners();
  socket.on('error', () => {});
  const tcp = Boolean(socket._handle) && socket._handle.constructor.name === 'TCP';
  if (tcp && !socket.connecting && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
  else socket.destroy();
}

// A block list of one address.
function blocking(address) {
  const list = new net.BlockList();
  list.addAddress(address, net.isIPv6(address) ? 'ipv6' : 'ipv4');
  return list;
}

// How a custom lookup answers.
function answer(how, host, all, done) {
  const found = () => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
  switch (how) {
    case 'sync':
      found();
      break;
    case 'tick':
      process.nextTick(found);
      break;
    case 'immediate':
      setImmediate(found);
      break;
    case 'error':
      done(Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host }));
      break;
    case 'empty':
      if (all) done(null, []);
      else done(null, undefined, undefined);
      break;
    case 'two':
      setImmediate(() => (all ? done(null, ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))) : found()));
      break;
    case 'wrong':
      if (all) done(null, [{ address: '127.0.0.1', family: 6 }]);
      else done(null, '127.0.0.1', 6);
      break;
  }
}

// ---- servers ----------------------------------------------------------------------------------
class ServerActor extends Actor {
  make() {
    const { blockList, ...options } = this.declared.options;
    if (blockList !== undefined) options.blockList = blocking(blockList);
    this.emitter = net.createServer(options);
    this.emitter.on('connection', (socket) => this.accepted(socket));
    this.addListeners();
  }

  accepted(socket) {
    if (this.run.over) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const peer = this.nextPeer();
    if (peer === undefined) {
      this.run.strays.push(socket);
      socket.on('error', () => {});
      socket.resume();
    } else {
      peer.is(socket);
    }
    this.log(peer === undefined ? 'connection' : 'connection ' + peer.name);
  }

  nextPeer() {
    for (const actor of this.run.actors.values()) {
      if (actor.declared.of === this.name && actor.emitter === null) return actor;
    }
    return undefined;
  }

  drop() {
    this.emitter.removeAllListeners();
    this.emitter.on('error', () => {});
    this.emitter.on('connection', (socket) => this.accepted(socket));
    this.emitter.close();
    if (this.givenIsOpen() === 'open') fs.closeSync(this.given.fd);
  }

  // ---- steps ----
  listen(step) {
    const given = step.options;
    if (given['handle-of'] !== undefined) {
      this.emitter.listen(this.run.actors.get(given['handle-of']).emitter, this.callback(step.cb));
      return undefined;
    }
    if (given.fd !== undefined) {
      this.emitter.listen({ fd: this.open() }, this.callback(step.cb));
      return undefined;
    }
    const options = { port: 0, host: '127.0.0.1' };
    if (given.host !== undefined) options.host = given.host;
    if (given.any) delete options.host;
    if (given.port !== undefined) options.port = given.port;
    if (given.backlog !== undefined) options.backlog = given.backlog;
    if (given.signal !== undefined) options.signal = this.run.controller(given.signal).signal;
    if (given['port-of'] !== undefined) {
      const address = this.run.actors.get(given['port-of']).emitter.address();
      if (address === null || typeof address === 'string') return 'no address';
      options.port = address.port;
    }
    let file = null;
    if (given['path-of'] !== undefined) {
      file = this.run.actors.get(given['path-of']).emitter.address();
      if (typeof file !== 'string') return 'no address';
    } else {
      file = this.place(given);
    }
    if (file !== null) {
      delete options.port;
      delete options.host;
      options.path = file;
    }
    for (const flag of ['exclusive', 'reusePort', 'ipv6Only', 'readableAll', 'writableAll']) {
      if (given[flag]) options[flag] = true;
    }
    this.emitter.listen(options, this.callback(step.cb));
    return undefined;
  }

  // The path that the options of `listen` say, or null.
  place(given) {
    if (given.path) return this.run.path('-' + this.name);
    if (given.pathLength !== undefined) return this.run.long(given.pathLength);
    if (given.pathWithNul) return this.run.path('-nul\0more');
    if (given.abstract) return this.run.abstractName();
    if (given.noFolder) return this.run.path('-none/missing');
    return null;
  }

  // The descriptor of an ordinary file.
  open() {
    const file = this.run.path('-file');
    const fd = fs.openSync(file, 'w');
    this.given = { fd, file };
    return fd;
  }

  givenIsOpen() {
    if (this.given === undefined) return 'none';
    try {
      return fs.readlinkSync('/proc/self/fd/' + this.given.fd) === this.given.file ? 'open' : 'closed';
    } catch {
      return 'closed';
    }
  }

  close(step) { this.emitter.close(this.callback(step.cb)); }
  getConnections(step) { this.emitter.getConnections(this.callback(step.cb)); }
  maxConnections(step) { this.emitter.maxConnections = step.count; }

  value(property) {
    const server = this.emitter;
    switch (property) {
      case 'connections':
        return String(server._connections);
      case 'oldConnections':
        return String(server.connections);
      case 'bound':
        return bound(server.address());
      case 'fd':
        return this.givenIsOpen();
      case 'modeOfOthers':
        return String(fs.statSync(server.address()).mode & 6);
      case 'address': {
        const a = server.address();
        return a === null || typeof a === 'string' ? valueText(a) : a.family + ' ' + a.address + ' ' + maskPort(a.port);
      }
      default:
        return valueText(server[property]);
    }
  }
}

// The abstract name that the system has, against what was given.
function bound(name) {
  if (typeof name !== 'string') return 'none';
  const shown = name.replaceAll('\0', '@');
  const names = fs.readFileSync('/proc/net/unix', 'latin1').split('\n').map((line) => line.split(' ').pop());
  const found = names.find((known) => known.startsWith(shown));
  return found === undefined ? 'none' : found === shown ? 'as given' : 'padded';
}

module.exports = { Actor, ServerActor, SocketActor, letGo };
