'use strict';
// Reads a scenario: the language that README.md describes.

const SOCKET_EVENTS = ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout', 'connect', 'ready',
  'data', 'readable', 'end', 'drain', 'prefinish', 'finish', 'timeout', 'pause', 'resume', 'pipe', 'unpipe', 'error', 'close'];
const SERVER_EVENTS = ['listening', 'connection', 'drop', 'error', 'close'];
const ENCODINGS = ['utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex'];
const LOOKUPS = ['sync', 'tick', 'immediate', 'error', 'empty', 'two', 'wrong'];
const SOCKET_PROPERTIES = ['readyState', 'connecting', 'pending', 'destroyed', 'closed', 'readable', 'writable', 'readableFlowing',
  'readableLength', 'readableEnded', 'writableLength', 'writableNeedDrain', 'writableEnded', 'writableFinished',
  'writableCorked', 'bytesRead', 'bytesWritten', 'bufferSize', 'timeout', 'isPaused', 'readableHighWaterMark',
  'writableHighWaterMark', 'erroredCause', 'joined', 'errored', 'address', 'remoteAddress',
  'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'localFamily', 'attempted'];
const SERVER_PROPERTIES = ['listening', 'connections', 'maxConnections', 'address', 'oldConnections', 'bound', 'fd', 'modeOfOthers'];
// Events that have no arguments.
const EMITTED = ['pause', 'resume', 'timeout'];
// Words that begin a step.
const NO_NAMES = ['tick', 'immediate', 'timer', 'abort', 'throw', 'log'];
const LONGEST_WRITE = 64 * 1024 * 1024;
// Times above this are not waited for.
const LONGEST_WAIT = 1000;
const ATTEMPT_TIMEOUT = 250;

class Reader {
  constructor(text) {
    this.lines = text.split('\n');
    this.number = 0;
    this.program = {
      about: [], rules: [], deviates: null, actors: [], parts: [], start: null, quiet: [],
      callbacks: new Map(), tasks: new Map(), listeners: new Map(), longest: -1, shortest: Infinity,
    };
    this.block = null;
    this.later = [];
  }

  fail(why) {
    const err = new Error('line ' + this.number + ': ' + why);
    err.scenario = true;
    throw err;
  }

  read() {
    for (const line of this.lines) {
      this.number++;
      this.line(line);
    }
    if (this.program.start === null) this.fail('no start');
    for (const [number, check] of this.later) {
      this.number = number;
      check();
    }
    return this.program;
  }

  line(line) {
    if (line.length > 200) this.fail('too long');
    if (/[^\x20-\x7e]/.test(line)) this.fail('not ASCII');
    if (line === '') return;
    if (line[0] === '#') {
      if (this.program.actors.length === 0) this.program.about.push(line.slice(1).trim());
      return;
    }
    const step = line.startsWith('  ');
    const words = (step ? line.slice(2) : line).split(' ');
    if (words.includes('')) this.fail('blanks');
    if (step) {
      if (this.block === null) this.fail('a step outside a block');
      this.block.steps.push(this.step(words));
    } else if (line.endsWith(':')) {
      words[words.length - 1] = words[words.length - 1].slice(0, -1);
      this.head(words);
    } else {
      this.block = null;
      this.declaration(words);
    }
  }

  // ---- small parts ----
  name(word) {
    if (word === undefined || !/^[A-Za-z][A-Za-z0-9]{0,11}$/.test(word)) this.fail('no name: ' + word);
    return word;
  }

  integer(word, least = 0, most = 0xffffffff) {
    if (word === undefined || !/^(0|-?[1-9]\d{0,11})$/.test(word)) this.fail('no number: ' + word);
    const number = Number(word);
    if (number < least || number > most) this.fail('out of range: ' + word);
    return number;
  }

  time(word) {
    const ms = this.integer(word);
    if (ms <= LONGEST_WAIT) {
      this.program.longest = Math.max(this.program.longest, ms);
      if (ms > 0) this.program.shortest = Math.min(this.program.shortest, ms);
    }
    return ms;
  }

  one(word, list, what) {
    if (!list.includes(word)) this.fail('no ' + what + ': ' + word);
    return word;
  }

  actor(word, role) {
    const actor = this.program.actors.find((a) => a.name === word);
    if (actor === undefined) this.fail('no actor: ' + word);
    if (role !== undefined && (actor.role === 'server') !== (role === 'server')) this.fail('not a ' + role + ': ' + word);
    return actor;
  }

  event(actor, word) {
    return this.one(word, actor.role === 'server' ? SERVER_EVENTS : SOCKET_EVENTS, 'event');
  }

  none(words) {
    if (words.length > 0) this.fail('too much: ' + words.join(' '));
  }

  // The options of a line: `flag` or `key=value`; `known[key]` reads the value, or is true for a flag.
  options(words, known, ordered = false) {
    const options = {};
    let last = -1;
    for (const word of words) {
      const at = word.indexOf('=');
      const key = at < 0 ? word : word.slice(0, at);
      if (!Object.hasOwn(known, key) || (known[key] === true) !== (at < 0)) this.fail('no option: ' + word);
      if (key in options) this.fail('twice: ' + key);
      const place = Object.keys(known).indexOf(key);
      if (ordered && place < last) this.fail('another order: ' + key);
      last = place;
      options[key] = at < 0 ? true : known[key](word.slice(at + 1));
    }
    return options;
  }

  // ---- the head ----
  declaration(words) {
    const [what, ...rest] = words;
    switch (what) {
      case 'rules':
        this.program.rules.push(...rest);
        return;
      case 'deviates':
        if (rest.length !== 1 || !/^D\d+$/.test(rest[0])) this.fail('deviates');
        this.program.deviates = rest[0];
        return;
      case 'server':
        this.declare(rest[0], { role: 'server', options: this.options(rest.slice(1), {
          allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true,
          highWaterMark: (v) => this.integer(v), blockList: (v) => v,
        }, true) });
        return;
      case 'socket':
        this.declare(rest[0], { role: 'socket', options: this.options(rest.slice(1), {
          allowHalfOpen: true, highWaterMark: (v) => this.integer(v), readableHighWaterMark: (v) => this.integer(v),
          writableHighWaterMark: (v) => this.integer(v), noRead: true, noWrite: true,
          onread: (v) => this.integer(v, 0, 65536), signal: (v) => this.name(v), forgotten: true,
        }, true) });
        return;
      case 'peer':
        if (rest.length !== 3 || rest[1] !== 'of') this.fail('peer NAME of SERVER');
        this.declare(rest[0], { role: 'peer', of: this.actor(rest[2], 'server').name });
        return;
      case 'watch': {
        const actor = this.actor(rest[0]);
        for (const word of rest.slice(1)) this.part(actor, this.event(actor, word), null);
        return;
      }
      default:
        this.fail('unknown: ' + what);
    }
  }

  declare(name, actor) {
    actor.name = this.name(name);
    if (NO_NAMES.includes(name)) this.fail('no name: ' + name);
    if (actor.options && actor.options.onread !== undefined && actor.options.signal) this.fail('onread with a signal');
    if (this.program.actors.some((a) => a.name === name)) this.fail('twice: ' + name);
    this.program.actors.push(actor);
  }

  // A listener that is there from the beginning. The first of an event logs it.
  part(actor, event, block, emission = 0) {
    const logs = event !== 'connection' && !this.program.parts.some((p) => p.actor === actor.name && p.event === event);
    this.program.parts.push({ actor: actor.name, event, block, emission, logs });
  }

  // ---- blocks ----
  head(words) {
    const [what, ...rest] = words;
    const block = { steps: [], runs: 0 };
    switch (what) {
      case 'start':
        this.none(rest);
        if (this.program.start !== null) this.fail('a second start');
        this.program.start = block;
        break;
      case 'quiet':
        this.none(rest);
        this.program.quiet.push(block);
        break;
      case 'on': {
        if (rest.length < 2 || rest.length > 3) this.fail('on ACTOR EVENT [NUMBER]');
        const actor = this.actor(rest[0]);
        this.part(actor, this.event(actor, rest[1]), block, rest.length > 2 ? this.integer(rest[2], 1) : 0);
        break;
      }
      case 'listener': {
        if (rest.length !== 3) this.fail('listener NAME ACTOR EVENT');
        const actor = this.actor(rest[1]);
        this.unique(this.program.listeners, rest[0], { actor: actor.name, event: this.event(actor, rest[2]), block });
        break;
      }
      case 'cb':
        this.unique(this.program.callbacks, rest[0], block);
        this.none(rest.slice(1));
        break;
      case 'task':
        this.unique(this.program.tasks, rest[0], block);
        this.none(rest.slice(1));
        break;
      default:
        this.fail('unknown: ' + what);
    }
    this.block = block;
  }

  unique(map, name, value) {
    this.name(name);
    if (map.has(name)) this.fail('twice: ' + name);
    map.set(name, value);
  }

  // ---- steps ----
  step(words) {
    const text = words.join(' ');
    switch (words[0]) {
      case 'tick':
      case 'immediate':
      case 'abort':
        this.none(words.slice(2));
        return { verb: words[0], name: this.name(words[1]), text };
      case 'timer':
        this.none(words.slice(3));
        return { verb: 'timer', name: this.name(words[1]), ms: this.time(words[2]), text };
      case 'throw':
        this.none(words.slice(1));
        return { verb: 'throw', text };
      case 'log':
        if (words.length !== 2) this.fail('log WORD');
        return { verb: 'log', text };
    }
    const actor = this.actor(words[0]);
    const args = words.slice(2);
    let cb = null;
    if (args.length > 0 && args[args.length - 1].startsWith('cb=')) cb = this.name(args.pop().slice(3));
    const verbs = actor.role === 'server' ? SERVER_VERBS : SOCKET_VERBS;
    if (!Object.hasOwn(verbs, words[1])) this.fail('no verb: ' + words[1]);
    if (cb !== null && !WITH_CALLBACK.includes(words[1])) this.fail('no callback here');
    const step = verbs[words[1]](this, args, actor);
    return { verb: words[1], actor: actor.name, cb, text: words.slice(1).join(' '), ...step };
  }

  amount(args) {
    if (args.length > 2) this.fail('too much: ' + args.join(' '));
    const length = this.integer(args[0], 0, LONGEST_WRITE);
    if (args.length === 1) return { length };
    const encoding = this.one(args[1], ENCODINGS, 'encoding');
    if (encoding === 'hex' && length % 2 !== 0) this.fail('odd hex');
    return { length, encoding };
  }
}

// ---- verbs: each reads its arguments and gives the parts of the step ----
function plain(reader, args) {
  reader.none(args);
  return {};
}

function falseOr(reader, args) {
  if (args[0] !== 'false') return true;
  args.shift();
  return false;
}

function adding(reader, args, actor) {
  const listener = reader.name(args[0]);
  reader.none(args.slice(1));
  const number = reader.number;
  reader.later.push([number, () => {
    const found = reader.program.listeners.get(listener);
    if (found === undefined || found.actor !== actor.name) reader.fail('no listener of ' + actor.name + ': ' + listener);
  }]);
  return { listener };
}

function removing(reader, args, actor) {
  reader.none(args.slice(1));
  return { event: args.length === 0 ? null : reader.event(actor, args[0]) };
}

function getting(reader, args, actor) {
  if (args.length === 0) reader.fail('get PROPERTY');
  for (const word of args) {
    const [what, event] = word.split(':');
    if (event !== undefined && ['listeners', 'listenerCount'].includes(what)) reader.event(actor, event);
    else reader.one(word, actor.role === 'server' ? SERVER_PROPERTIES : SOCKET_PROPERTIES, 'property');
  }
  return { properties: args };
}

function connecting(reader, args) {
  const to = args[0];
  const fixed = ['refused', 'missing', 'path-of-file'].includes(to);
  if (!fixed) reader.actor(to, 'server');
  const options = reader.options(args.slice(1), {
    host: (v) => v === '' ? reader.fail('no host') : v,
    lookup: (v) => reader.one(v, LOOKUPS, 'lookup'),
    family: (v) => reader.integer(v, -255, 255),
    localPort: (v) => reader.integer(v, -1e9, 1e9),
    localAddress: (v) => v,
    timeout: (v) => reader.time(v),
    autoSelectFamily: true,
    noAutoSelectFamily: true,
    port: (v) => reader.integer(v, -1e9, 1e9),
    blockList: (v) => v,
  });
  if (options.host !== undefined && (fixed || options.lookup === undefined)) reader.fail('host needs a server and a lookup');
  if (options.autoSelectFamily && options.noAutoSelectFamily) reader.fail('twice: autoSelectFamily');
  if (options.autoSelectFamily) reader.time(String(ATTEMPT_TIMEOUT));
  return { to, options };
}

const COMMON_VERBS = {
  ref: plain,
  unref: plain,
  get: getting,
  on: adding,
  once: adding,
  prepend: adding,
  prependOnce: adding,
  off: adding,
  removeAll: removing,
  dispose: plain,
};

const SOCKET_VERBS = {
  ...COMMON_VERBS,
  connect: connecting,
  write: (reader, args) => reader.amount(args),
  end: (reader, args) => (args.length === 0 ? {} : reader.amount(args)),
  destroy(reader, args) {
    if (args.length > 0) reader.one(args[0], ['error'], 'argument');
    reader.none(args.slice(1));
    return { error: args.length > 0 };
  },
  destroySoon: plain,
  reset: plain,
  pause: plain,
  resume: plain,
  cork: plain,
  uncork: plain,
  read(reader, args) {
    reader.none(args.slice(1));
    return { length: args.length === 0 ? undefined : reader.integer(args[0]) };
  },
  setEncoding(reader, args) {
    reader.none(args.slice(1));
    return { encoding: args[0] === 'none' ? null : reader.one(args[0], ENCODINGS, 'encoding') };
  },
  setTimeout(reader, args) {
    reader.none(args.slice(1));
    return { ms: reader.time(args[0]) };
  },
  setNoDelay(reader, args) {
    const value = falseOr(reader, args);
    reader.none(args);
    return { value };
  },
  setKeepAlive(reader, args) {
    const value = falseOr(reader, args);
    reader.none(args.slice(1));
    return { value, ms: args.length === 0 ? undefined : reader.integer(args[0]) };
  },
  pipe(reader, args) {
    if (args.length > 1) reader.one(args[1], ['noEnd'], 'argument');
    reader.none(args.slice(2));
    return { other: reader.actor(args[0], 'socket').name, end: args.length < 2 };
  },
  nest(reader, args) {
    reader.none(args.slice(1));
    return { depth: reader.integer(args[0]) };
  },
  smile(reader, args) {
    reader.none(args.slice(1));
    return { count: reader.integer(args[0], 0, 1000) };
  },
  setTypeOfService(reader, args) {
    reader.none(args.slice(1));
    return { value: reader.integer(args[0], 0, 255) };
  },
  getTypeOfService: plain,
  unshift: (reader, args) => reader.amount(args),
  push(reader, args) {
    reader.none(args.slice(1));
    return { length: reader.integer(args[0]) };
  },
  setDefaultEncoding(reader, args) {
    reader.none(args.slice(1));
    return { encoding: reader.one(args[0], ENCODINGS, 'encoding') };
  },
  emit(reader, args) {
    reader.none(args.slice(1));
    return { event: reader.one(args[0], EMITTED, 'event') };
  },
  iterate: plain,
  unpipe(reader, args) {
    reader.none(args.slice(1));
    return { other: args.length === 0 ? null : reader.actor(args[0], 'socket').name };
  },
};

const SERVER_VERBS = {
  ...COMMON_VERBS,
  listen(reader, args) {
    const options = reader.options(args, {
      path: true,
      any: true,
      host: (v) => v,
      port: (v) => reader.integer(v, -1e9, 1e9),
      'port-of': (v) => reader.actor(v, 'server').name,
      'path-of': (v) => reader.actor(v, 'server').name,
      backlog: (v) => reader.integer(v, 0, 65535),
      signal: (v) => reader.name(v),
      exclusive: true,
      reusePort: true,
      ipv6Only: true,
      readableAll: true,
      writableAll: true,
      pathLength: (v) => reader.integer(v, 0, 1000),
      pathWithNul: true,
      abstract: true,
      noFolder: true,
      fd: (v) => reader.one(v, ['file'], 'descriptor'),
      'handle-of': (v) => reader.actor(v, 'server').name,
    });
    return { options };
  },
  close: plain,
  getConnections: plain,
  maxConnections(reader, args) {
    reader.none(args.slice(1));
    return { count: reader.integer(args[0], -1e9, 1e9) };
  },
};

const WITH_CALLBACK = ['connect', 'write', 'end', 'setTimeout', 'listen', 'close', 'getConnections', 'dispose', 'smile'];

// The program that the text describes. What it throws has `scenario` true and a message `line N: why`.
function parse(text) {
  return new Reader(text).read();
}

module.exports = { parse };
