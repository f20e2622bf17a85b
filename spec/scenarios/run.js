'use strict';
// Runs a program on Node's `net` and gives its log. One program at a time; a program cannot influence
// the next: when its log is done, all that it made is closed before `done` is called.

const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { current, watchResources } = require('../node/segments');
const { errorText, eventText, forgetPaths, knowPath, nameAll } = require('../node/text');
const { Actor, ServerActor, SocketActor, letGo } = require('./actors');

const BLOCK_RUNS = 8;
const STEPS = 400;
const SILENT_ROUNDS = 4;
const QUIET_ROUNDS = 12;
const MORE_MS = 25;
// How long nothing may move before a program is quiet whose writes wait for the other party: the kernel itself may be late
// to pass on what it has taken.
const WRITE_MS = 25;
// A round that takes this part of the shortest time of a program tells of the machine, not of the program.
const STALL_PART = 4;
const COUNTED_ROUNDS = 2000;
const LIMIT_MS = 5000;
// Rounds with everything closed before the next program may begin.
const CLOSED_ROUNDS = 3;
const CLOSING_ROUNDS = 20;
const HANDLES = ['TCPWRAP', 'TCPSERVERWRAP', 'PIPEWRAP', 'PIPESERVERWRAP'];

let running = null;
let programs = 0;

// `pipe` looks at these, and they are made when they are first looked at: that must not be within a program, which
// closes what was made in it.
void [process.stdout, process.stderr];

process.on('uncaughtException', (err) => {
  if (running !== null) running.uncaught(err);
});

// `pipe` asks for these, and what is made on the way is no program's.
void [process.stdout, process.stderr];

watchResources((type, resource) => {
  if (running !== null && HANDLES.includes(type)) running.handles.push(resource);
});

class Run {
  constructor(program, done) {
    this.program = program;
    this.done = done;
    this.over = false;
    this.logged = false;
    this.steps = 0;
    this.round = -1;
    this.silent = 0;
    this.waited = 0;
    this.began = performance.now();
    this.since = this.began;
    this.last = this.began;
    this.longestRound = 0;
    this.bytesRead = 0;
    this.settled = false;
    this.begun = false;
    this.nextQuiet = 0;
    this.ending = null;
    this.handles = [];
    this.strays = [];
    this.timers = [];
    this.signals = new Map();
    this.paths = [];
    this.closedRounds = 0;
    this.closingRounds = 0;
    this.actors = new Map();
    for (const actor of program.actors) {
      this.actors.set(actor.name, actor.role === 'server' ? new ServerActor(this, actor) : new SocketActor(this, actor));
    }
    this.self = new Actor(this, { name: '-' });
    this.prefix = path.join(os.tmpdir(), 'nf-' + process.pid + '-' + programs++);
  }

  // A path that is masked, and removed at the end.
  path(label) {
    const p = this.prefix + label;
    if (!this.paths.includes(p)) {
      this.paths.push(p);
      knowPath(p);
    }
    return p;
  }

  // A path of so many bytes. Node cuts it to what the system takes.
  long(length) {
    const p = this.path('-long'.padEnd(length - this.prefix.length, 'x'));
    this.paths.push(p.slice(0, 107), p.slice(0, 108));
    return p;
  }

  abstractName() {
    const name = this.prefix + '-abstract';
    knowPath(name);
    return '\0' + name;
  }

  // ---- rounds ----
  // Put off first, so that this immediate stays the first of its phase.
  spin() {
    if (this.over && this.closed()) {
      this.finish();
      return;
    }
    setImmediate(() => this.spin());
    if (this.over) return;
    this.count();
    if (this.round === 0 && this.start()) return;
    const now = performance.now();
    if (this.round >= COUNTED_ROUNDS) this.end('!! too many rounds');
    else if (now - this.began > LIMIT_MS) this.end('!! time limit');
    else if (this.isQuiet(now)) this.quiet(now);
  }

  count() {
    if (this.logged || this.round < 0) {
      this.silent = 0;
      this.waited = 0;
      this.round++;
      this.since = performance.now();
      this.settled = false;
    } else {
      this.silent++;
      this.waited++;
      if (this.silent <= SILENT_ROUNDS) this.round++;
    }
    this.logged = false;
    const now = performance.now();
    this.longestRound = Math.max(this.longestRound, now - this.last);
    this.last = now;
    const { bytesRead } = this.traffic();
    if (bytesRead === this.bytesRead) return;
    this.bytesRead = bytesRead;
    this.waited = 0;
    this.since = now;
    this.settled = false;
  }

  // What moves without an entry: what the sockets have read, and whether something that was written waits for the other
  // party.
  traffic() {
    let bytesRead = 0;
    let blocked = false;
    for (const socket of [...this.strays, ...[...this.actors.values()].map((actor) => actor.emitter)]) {
      if (!(socket instanceof net.Socket)) continue;
      bytesRead += socket.bytesRead;
      blocked ||= socket.writableLength > 0 && socket.writableCorked === 0 && !socket.connecting && !socket.destroyed;
    }
    return { bytesRead, blocked };
  }

  start() {
    if (this.begun) return false;
    this.begun = true;
    for (const actor of this.actors.values()) actor.make();
    this.runBlock(this.program.start);
    return true;
  }

  // The rounds are counted again once the time has passed: after a stall of the machine timers are late.
  isQuiet(now) {
    if (this.program.longest >= 0 && !this.settled && now - this.since >= this.program.longest + MORE_MS) {
      this.settled = true;
      this.waited = 0;
    }
    if (this.waited < QUIET_ROUNDS || (this.program.longest >= 0 && !this.settled)) return false;
    return now - this.since >= WRITE_MS || !this.traffic().blocked;
  }

  quiet(now) {
    if (this.nextQuiet === this.program.quiet.length) {
      this.end(null);
      return;
    }
    this.waited = 0;
    this.since = now;
    this.settled = false;
    this.runBlock(this.program.quiet[this.nextQuiet++]);
  }

  // ---- logging ----
  log(actor, text) {
    if (this.over) return;
    this.logged = true;
    const segment = current();
    const last = actor.lines[actor.lines.length - 1];
    if (last !== undefined && last.id === segment.id) last.entries.push(text);
    else actor.lines.push({ id: segment.id, round: this.round, kind: segment.kind, entries: [text] });
  }

  uncaught(err) {
    this.log(this.self, 'uncaught ' + errorText(err));
  }

  text() {
    let text = '';
    for (const actor of [...this.actors.values(), this.self]) {
      text += '== ' + actor.name + '\n';
      for (const line of actor.lines) text += line.round + ' ' + line.kind + ': ' + line.entries.join(' | ') + '\n';
      text += actor.lastLine();
    }
    if (this.ending !== null) text += this.ending + '\n';
    return nameAll(text);
  }

  // ---- blocks and steps ----
  runBlock(block) {
    if (this.over || block === undefined || block === null || block.runs === BLOCK_RUNS) return;
    block.runs++;
    for (const step of block.steps) this.runStep(step);
  }

  runStep(step) {
    if (this.over || this.steps === STEPS) return;
    this.steps++;
    if (step.actor === undefined) {
      this.log(this.self, step.text);
      this.ownStep(step);
      return;
    }
    const actor = this.actors.get(step.actor);
    if (actor.emitter === null) return;
    this.log(actor, step.text);
    try {
      const result = actor[step.verb](step);
      if (result !== undefined) this.log(actor, result);
    } catch (err) {
      this.log(actor, 'threw ' + errorText(err));
    }
  }

  ownStep(step) {
    const task = () => {
      this.log(this.self, 'task ' + step.name);
      this.runBlock(this.program.tasks.get(step.name));
    };
    switch (step.verb) {
      case 'tick':
        process.nextTick(task);
        break;
      case 'immediate':
        setImmediate(task);
        break;
      case 'timer':
        this.timers.push(setTimeout(task, step.ms));
        break;
      case 'abort':
        this.controller(step.name).abort();
        break;
      case 'throw':
        throw new Error('thrown');
    }
  }

  controller(name) {
    if (!this.signals.has(name)) this.signals.set(name, new AbortController());
    const controller = this.signals.get(name);
    if (name === 'aborted') controller.abort();
    return controller;
  }

  // The listener of a part of the program, or of a `listener` block.
  listener(actor, part, prefix) {
    let emissions = 0;
    return (...args) => {
      if (this.over) return;
      emissions++;
      if (part.event === 'data') actor.heard(args[0]);
      if (part.logs) this.log(actor, prefix + eventText(part.event, args));
      if (part.block !== null && (!part.emission || part.emission === emissions)) this.runBlock(part.block);
    };
  }

  // ---- the end ----
  end(line) {
    this.ending = line;
    this.result = this.text();
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const actor of this.actors.values()) actor.drop();
    for (const socket of this.strays) letGo(socket);
  }

  // Whether nothing of the program is left. What is still open some rounds after its end is closed by force, and
  // what even then stays open (a handle whose reset failed, D1) is made deaf and left.
  closed() {
    if (this.handles.some((handle) => handle.fd >= 0)) {
      this.closedRounds = 0;
      this.closingRounds++;
      if (this.closingRounds === CLOSING_ROUNDS) this.closeByForce();
      return false;
    }
    return this.closedRounds++ >= CLOSED_ROUNDS;
  }

  closeByForce() {
    for (const handle of this.handles) {
      if (handle.fd < 0) continue;
      handle.close();
      if (handle.fd >= 0) handle.readStop();
    }
    this.handles = [];
  }

  finish() {
    running = null;
    for (const p of this.paths) fs.rmSync(p.split('\0')[0], { force: true });
    forgetPaths();
    this.done(this.result, this.longestRound * STALL_PART >= this.program.shortest);
  }
}

// Runs a parsed program; done(log, stalled) is called when everything is closed. `stalled`: it has timers, and the machine
// stood still for so long that they may have been late.
function run(program, done) {
  running = new Run(program, done);
  setImmediate(() => running.spin());
}

module.exports = { run };
