'use strict';
// pipe, unpipe and the async iterator of a socket, made of its public members and listeners.
const { finished } = require('node:stream');
const { native, kId } = require('./core.js');
const isStdio = (stream) => stream === process.stdout || stream === process.stderr;

const kPipes = Symbol('pipes');

const pipesOf = (source) => (source[kPipes] ??= []);

function pipe(dest, options) {
  const source = this;
  const pipes = pipesOf(source);
  const entry = { dest, waits: false };
  pipes.push(entry);
  let cleanedUp = false;

  const ends = (!options || options.end !== false) && !isStdio(dest);
  const afterEnd = ends ? () => dest.end() : unpipe;
  if (source.readableEnded) process.nextTick(afterEnd);
  else source.once('end', afterEnd);

  dest.on('unpipe', unpiped);
  let drained;
  source.on('data', onData);
  prepend(dest, 'error', onError);
  dest.once('close', onClose);
  dest.once('finish', onFinish);
  dest.emit('pipe', source);

  if (dest.writableNeedDrain === true) wait();
  else if (!source.readableFlowing) source.resume();
  return dest;

  function onData(chunk) {
    if (dest.write(chunk) === false) wait();
  }

  function wait() {
    if (!cleanedUp) {
      entry.waits = true;
      source.pause();
    }
    if (drained === undefined) {
      drained = () => {
        entry.waits = false;
        if (!pipes.some((each) => each.waits) && native.socketGet(source[kId], 46)) source.resume();
      };
      dest.on('drain', drained);
    }
  }

  function unpipe() {
    source.unpipe(dest);
  }

  function unpiped(from, info) {
    if (from === source && info?.hasUnpiped === false) {
      info.hasUnpiped = true;
      cleanUp();
    }
  }

  function cleanUp() {
    dest.removeListener('close', onClose);
    dest.removeListener('finish', onFinish);
    if (drained !== undefined) dest.removeListener('drain', drained);
    dest.removeListener('error', onError);
    dest.removeListener('unpipe', unpiped);
    source.removeListener('end', afterEnd);
    source.removeListener('end', unpipe);
    source.removeListener('data', onData);
    cleanedUp = true;
    if (drained !== undefined && entry.waits && (!dest.writableNeedDrain)) drained();
  }

  function onError(error) {
    unpipe();
    dest.removeListener('error', onError);
    if (dest.listenerCount('error') === 0) dest.emit('error', error);
  }

  function onClose() {
    dest.removeListener('finish', onFinish);
    unpipe();
  }

  function onFinish() {
    dest.removeListener('close', onClose);
    unpipe();
  }
}

function prepend(emitter, event, listener) {
  if (typeof emitter.prependListener === 'function') emitter.prependListener(event, listener);
  else emitter.on(event, listener);
}

function unpipe(dest) {
  const pipes = pipesOf(this);
  if (pipes.length === 0) return this;
  if (dest === undefined) {
    const gone = pipes.splice(0);
    this.pause();
    for (const { dest: each } of gone) each.emit('unpipe', this, { hasUnpiped: false });
    return this;
  }
  const at = pipes.findIndex((each) => each.dest === dest);
  if (at === -1) return this;
  pipes.splice(at, 1);
  if (pipes.length === 0) this.pause();
  dest.emit('unpipe', this, { hasUnpiped: false });
  return this;
}

async function* iterate(socket, options) {
  let wake = () => {};
  let failed;
  const next = () => wake();
  socket.on('readable', next);
  const cleanUp = finished(socket, { writable: false }, (error) => {
    failed = error ?? null;
    wake();
  });
  try {
    for (;;) {
      const chunk = socket.destroyed ? null : socket.read();
      if (chunk !== null) yield chunk;
      else if (failed) throw failed;
      else if (failed === null) return;
      else await new Promise((resolve) => { wake = resolve; });
    }
  } finally {
    if (failed !== undefined || options?.destroyOnReturn !== false) {
      if (!socket.destroyed) socket.destroy();
    } else {
      socket.off('readable', next);
      cleanUp();
    }
  }
}

const methods = {
  pipe,
  unpipe,
  [Symbol.asyncIterator]() { return iterate(this); },
  iterator(options) { return iterate(this, options); },
};

module.exports = { methods };
