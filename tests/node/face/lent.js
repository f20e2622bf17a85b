'use strict';
// What http and those that take sockets over from it do to a socket: it is given other functions for `on`, and what was read
// too far is put back.
const { Buffer } = require('node:buffer');
const stock = require('node:net');
const { native, kId } = require('./core.js');
const { coded, invalidArgType } = require('./errors.js');

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

// `socket.unshift(chunk, encoding)`
function unshift(chunk, encoding) {
  if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
    this.destroy(invalidArgType('chunk', ['string', 'Buffer', 'TypedArray', 'DataView'], chunk));
    return false;
  }
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding)
    : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (this.readableEnded && bytes.length > 0) {
    this.destroy(coded(Error, 'ERR_STREAM_UNSHIFT_AFTER_END_EVENT', 'stream.unshift() after end event'));
    return false;
  }
  const own = this.readableEncoding;
  return own ? native.unshift(this[kId], bytes.toString(own), 'utf8') : native.unshift(this[kId], bytes);
}

module.exports = { keepListeners, unshift };
