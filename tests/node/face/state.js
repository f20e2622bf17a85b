'use strict';
// `socket._readableState` and `socket._writableState`, which http, ws and others look into: what the socket's own
// properties say, under the names that it has there. Nothing can be set through them.

const errorEmitted = (socket) => socket.errored !== null && socket.closed;

class State {
  #socket;

  constructor(socket) {
    this.#socket = socket;
  }

  get socket() { return this.#socket; }
  get objectMode() { return false; }
  get autoDestroy() { return true; }
  get emitClose() { return false; }
  get constructed() { return true; }
  get destroyed() { return this.#socket.destroyed; }
  get closed() { return this.#socket.closed; }
  get closeEmitted() { return this.#socket.closed; }
  get errored() { return this.#socket.errored; }
  get errorEmitted() { return errorEmitted(this.#socket); }
}

class ReadableState extends State {
  get highWaterMark() { return this.socket.readableHighWaterMark; }
  get length() { return this.socket.readableLength; }
  get flowing() { return this.socket.readableFlowing; }
  get encoding() { return this.socket.readableEncoding; }
  get ended() { return this.socket.readableEnded; }
  get endEmitted() { return this.socket.readableEnded; }
  get dataEmitted() { return this.socket.readableDidRead; }
  get readableListening() { return this.socket.listenerCount('readable') > 0; }
}

class WritableState extends State {
  get highWaterMark() { return this.socket.writableHighWaterMark; }
  get length() { return this.socket.writableLength; }
  get needDrain() { return this.socket.writableNeedDrain; }
  get corked() { return this.socket.writableCorked; }
  get ending() { return this.socket.writableEnded; }
  get ended() { return this.socket.writableEnded; }
  get finished() { return this.socket.writableFinished; }
  get decodeStrings() { return false; }
}

for (const { prototype } of [State, ReadableState, WritableState]) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== 'constructor') Object.defineProperty(prototype, name, { set() {}, configurable: true });
  }
}

module.exports = { ReadableState, WritableState };
