'use strict';
// The harness that the programs in this folder share. It notes what each actor logs, together with
// the segment of execution in which it happened, and prints everything when the process exits.
// The output format is described in README.md.

const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { current } = require('./segments');
const { errorText, eventText, knowPath, maskPort, nameAll } = require('./text');

// ---- actors -----------------------------------------------------------------------------------
const actors = [];

class Actor {
  constructor(name) {
    this.name = name;
    this.lines = [];
    actors.push(this);
  }

  // Add one entry to the line of the current segment.
  log(text) {
    const segment = current();
    const last = this.lines[this.lines.length - 1];
    if (last !== undefined && last.id === segment.id) last.entries.push(text);
    else this.lines.push({ id: segment.id, kind: segment.kind, entries: [text] });
  }

  // Log each of the named events of an emitter. The listeners are added in the order given.
  watch(emitter, names) {
    for (const name of names) {
      emitter.on(name, (...args) => this.log(eventText(name, args)));
    }
  }

  // A callback that logs `cb LABEL ERROR`.
  cb(label) {
    return (...args) => this.log('cb ' + label + ' ' + errorText(args[0]));
  }

  // Run fn and log what it threw; log nothing more when it did not throw.
  throws(label, fn) {
    try {
      fn();
      this.log(label + ' ok');
    } catch (err) {
      this.log(label + ' threw ' + errorText(err));
    }
  }
}

function actor(name) {
  return new Actor(name);
}

// ---- helpers for programs ---------------------------------------------------------------------
// The port a TCP server listens on.
function portOf(server) {
  return server.address().port;
}

// A path for a unix server; masked in every log.
let pathCount = 0;
function tempPath() {
  const p = path.join(os.tmpdir(), 'nf-' + process.pid + '-' + pathCount++);
  knowPath(p);
  return p;
}

// Calls fn (in a tick) with a port that nobody listens on.
function refusedPort(fn) {
  const server = net.createServer();
  server.listen(0, '127.0.0.1', () => {
    const port = portOf(server);
    server.close(() => fn(port));
  });
}

// Calls fn with a port of 127.0.0.1 on which connects stay under way: a listener in a thread that never
// accepts, its backlog full, so the system drops what asks to connect. End such a program with finish(), unless it is
// `loose`: then nothing of this keeps the loop alive.
function deafPort(fn, loose = false) {
  const { Worker } = require('worker_threads');
  const worker = new Worker(`
    const { parentPort } = require('worker_threads');
    const server = require('net').createServer();
    server.listen(0, '127.0.0.1', 1, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`, { eval: true });
  worker.once('message', (port) => {
    if (loose) worker.unref();
    const fill = (left) => {
      if (left === 0) return fn(port);
      const filler = net.connect(port, '127.0.0.1', () => fill(left - 1));
      if (loose) filler.unref();
    };
    fill(2);
  });
}

// Calls fn(fd, peer) with the descriptor of a connection that a listener in a thread has accepted, on 127.0.0.1 or on
// `path`, and the socket of its other end, made with `options`. The descriptor is in no other use in this thread.
function strayFd(options, fn) {
  const { Worker } = require('worker_threads');
  const worker = new Worker(`
    const { parentPort, workerData } = require('worker_threads');
    const server = require('net').createServer({ pauseOnConnect: true }, (socket) => {
      parentPort.postMessage(socket._handle.fd);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });
    if (workerData.path) server.listen(workerData.path, () => parentPort.postMessage({}));
    else server.listen(0, '127.0.0.1', () => parentPort.postMessage({ host: '127.0.0.1', port: server.address().port }));
  `, { eval: true, workerData: { path: options.path }, execArgv: ['--no-deprecation'] });
  worker.once('message', (to) => {
    const peer = net.connect({ ...to, ...options });
    worker.once('message', (fd) => when(() => !peer.connecting, () => fn(fd, peer)));
    worker.unref();
  });
}

// The descriptors [to read, to write] of a new fifo.
function fifo() {
  const name = path.join(os.tmpdir(), 'nf-fifo-' + process.pid + '-' + pathCount++);
  require('child_process').execFileSync('mkfifo', [name]);
  const { O_RDONLY, O_NONBLOCK, O_WRONLY } = fs.constants;
  const ends = [fs.openSync(name, O_RDONLY | O_NONBLOCK), fs.openSync(name, O_WRONLY | O_NONBLOCK)];
  fs.unlinkSync(name);
  return ends;
}

// Calls fn in the first immediate in which cond() holds. It keeps the loop alive.
function when(cond, fn) {
  setImmediate(() => {
    if (cond()) fn();
    else when(cond, fn);
  });
}

// Ends the process although something still keeps it alive.
function finish() {
  process.exit(0);
}

process.on('exit', () => {
  let text = '';
  for (const a of actors) {
    text += '== ' + a.name + '\n';
    for (const line of a.lines) text += line.kind + ': ' + line.entries.join(' | ') + '\n';
  }
  fs.writeSync(1, nameAll(text));
});

module.exports = {
  actor, deafPort, errorText, fifo, finish, maskPort, portOf, refusedPort, strayFd, tempPath, when,
};
