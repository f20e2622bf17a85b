'use strict';
// `socket._handle` and `server._handle`: objects for what programs reach for. The machine's calls go through the methods
// of those that somebody has asked for.
const { AsyncResource } = require('node:async_hooks');
const { native, kId, kServer, accept, incoming } = require('./core.js');

const kHandle = Symbol('handle');
const kOwner = Symbol('owner');
const kAsync = Symbol('async');

class Handle {
  number = undefined;

  constructor(owner) {
    Object.defineProperty(this, kOwner, { value: owner, writable: true });
  }

  setNoDelay(on) {
    native.setOption(this.number, Boolean(on));
    return 0;
  }

  setKeepAlive(on, seconds) {
    native.setOption(this.number, Boolean(on), Number(seconds) || 0);
    return 0;
  }

  close(callback) {
    native.closeHandle(this.number);
    if (typeof callback === 'function') setImmediate(callback);
  }

  // The stream does not know of these.
  readStart() { return this.#reads(true); }
  readStop() { return this.#reads(false); }

  #reads(on) {
    const owner = this[kOwner];
    if (owner !== undefined && owner[kHandle] === this) native.handleReads(owner[kId], on);
    return 0;
  }

  getAsyncId() { return (this[kAsync] ??= new AsyncResource('NETFOLDHANDLE')).asyncId(); }

  ref() { this[kOwner]?.ref(); }
  unref() { this[kOwner]?.unref(); }
  hasRef() { return native.socketGet(this[kOwner][kId], 22); }
  get fd() { return native.descriptor(this.number); }
  get bytesRead() { return this[kOwner].bytesRead; }
  get bytesWritten() { return this[kOwner].bytesWritten; }
}

class ServerHandle extends Handle {
  // Called for each connection, with the object of its handle.
  onconnection(error, handle) {
    accept(handle);
  }

  incoming() { return new Handle(undefined); }
  hasRef() { return !this[kOwner]._unref; }
}

// The object of the handle that the socket or server is on now; null when there is none.
function handleOf(owner) {
  const server = owner[kServer];
  const there = server ? owner.listening : native.socketGet(owner[kId], 27);
  const known = owner[kHandle];
  if (known?.foreign) return known.foreign;
  if (!there) return null;
  const number = native.watch(owner[kId], server);
  if (known?.number === number) return known;
  const handle = server ? new ServerHandle(owner) : new Handle(owner);
  handle.number = number;
  owner[kHandle] = handle;
  return handle;
}

function setHandle(owner, handle) {
  if (handle !== null) return;
  owner[kHandle] = undefined;
  if (!owner[kServer]) native.dropHandle(owner[kId]);
}

// A connection was accepted: its socket has the object that the server's method was given.
function take(socket) {
  const handle = incoming();
  if (handle === undefined) return;
  handle[kOwner] = socket;
  handle.number = native.watch(socket[kId], false);
  socket[kHandle] = handle;
}

// A socket over an object of the user's: nothing but its methods is known of it.
function foreign(socket, handle) {
  socket[kHandle] = { foreign: handle };
}

// Another descriptor for the connection of a handle of ours.
const duplicateOf = (handle) => (handle instanceof Handle ? native.duplicate(handle.number) : undefined);

const foreignOf = (socket) => socket[kHandle]?.foreign;

module.exports = { handleOf, setHandle, take, foreign, foreignOf, duplicateOf };
