'use strict';
// What http and those that take sockets over from it do to a socket, and the machine has no part in: it is given other
// functions for `on`, its flow is forgotten, and what was read too far is put back.
const { Buffer } = require('node:buffer');
const stock = require('node:net');
const { native, kId } = require('./core.js');

const kLoose = Symbol('loose');
const kFront = Symbol('front');

// http gives its sockets functions that call those of Node's own Socket. These would keep listeners from the machine.
function keepListeners(prototype) {
  for (const name of ['on', 'addListener', 'prependListener']) {
    const own = prototype[name];
    Object.defineProperty(prototype, name, {
      get() { return own; },
      set(value) {
        if (value === stock.Socket.prototype[name] || value?.name === 'socketListenerWrap') return;
        Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
      },
      configurable: true,
      enumerable: false,
    });
  }
}

const flowing = (socket) => (socket[kLoose] ? null : native.socketGet(socket[kId], 9));

// `socket.readableFlowing = null`: the next listener of 'data' makes it flow again.
function setFlowing(socket, value) {
  if (value !== null || flowing(socket) === null) return;
  native.pause(socket[kId]);
  socket[kLoose] = true;
}

// Someone has said whether the socket flows.
function decided(socket, flows) {
  socket[kLoose] = false;
  if (flows && socket[kFront]) process.nextTick(flush, socket);
}

function heard(socket, name) {
  if (!socket[kLoose]) return;
  if (name === 'data') socket.resume();
  else if (name === 'readable') socket[kLoose] = false;
}

function flush(socket) {
  while (socket[kFront] && !socket.destroyed && flowing(socket)) socket.emit('data', takeFront(socket));
}

function takeFront(socket, most = Infinity) {
  const [first, ...others] = socket[kFront];
  if (first.length > most) {
    socket[kFront] = [first.subarray(most), ...others];
    return text(socket, first.subarray(0, most));
  }
  socket[kFront] = others.length > 0 ? others : undefined;
  return text(socket, first);
}

function text(socket, bytes) {
  const encoding = socket.readableEncoding;
  return encoding ? bytes.toString(encoding) : bytes;
}

const frontLength = (socket) => socket[kFront]?.reduce((sum, { length }) => sum + length, 0) ?? 0;

// `socket.unshift(chunk, encoding)`
function unshift(chunk, encoding) {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
  if (bytes.length === 0) return true;
  this[kFront] = [bytes, ...this[kFront] ?? []];
  if (flowing(this)) process.nextTick(flush, this);
  else if (this.listenerCount('readable') > 0) process.nextTick(() => this.emit('readable'));
  return true;
}

const hasFront = (socket) => socket[kFront] !== undefined;

module.exports = { keepListeners, flowing, setFlowing, decided, heard, takeFront, frontLength, hasFront, unshift };
