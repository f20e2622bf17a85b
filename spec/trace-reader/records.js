'use strict';
// Records, each as a line of text.

const { failure } = require('./errors');
const { Cursor, Unreadable, named } = require('./pieces');
const { escaped, escapedBytes, float, given, quoted, some } = require('./print');
const { ENCODINGS, EVENTS, LOOKUP_CODES } = require('./tables');

/** How long it was, and what is kept of it as the end of a line has it. */
function payload(from) {
  const number = from.number();
  const length = number >> 2n;
  switch (Number(number & 3n)) {
    case 0:
      return { length, kept: '' };
    case 1:
      return { length, kept: ` hash ${from.take(8).readBigUInt64LE().toString(16).padStart(16, '0')}` };
    case 2: {
      const count = from.number();
      if (count > length) throw new Unreadable('more is kept than there was');
      return { length, kept: keptBytes(from.take(count)) };
    }
    default:
      return { length, kept: keptBytes(from.take(length)) };
  }
}

const keptBytes = (bytes) => (bytes.length ? ` "${escapedBytes(bytes)}"` : '');

/** A record as its line, and what is kept of its payload. */
class Line {
  constructor(from) {
    this.from = from;
    this.kept = '';
  }

  payload() {
    const { length, kept } = payload(this.from);
    this.kept = kept;
    return `${length} bytes`;
  }

  chunk() {
    const size = this.payload();
    const text = this.from.option((from) => ({ units: from.number(), short: from.flag() }));
    return text === null ? size : `${size} of ${text.short ? 'short ' : ''}text of ${text.units} units`;
  }

  target() {
    const { from } = this;
    const kind = from.byte();
    if (kind === 1) return `socket ${from.id('c')}`;
    if (kind === 2) return `server ${from.id('s')}`;
    throw new Unreadable('neither a socket nor a server');
  }

  event() {
    return named(EVENTS, this.from.byte());
  }

  answer() {
    const { from } = this;
    if (from.flag()) return ` failed ${named(LOOKUP_CODES, from.byte())}`;
    let out = '';
    for (let left = from.number(); left > 0n; left--) out += ` ${from.ip()}`;
    return out;
  }

  result() {
    const errno = this.from.option((from) => from.errno());
    return errno === null ? ' ok' : ` failed ${errno[0]}`;
  }

  number(word) {
    return given(word, this.from.option((from) => from.number()));
  }

  // Errors.

  error(code = this.from.byte()) {
    const error = failure(this.from, code);
    return error.code === '' ? quoted(error.message) : `${escaped(error.code)} ${quoted(error.message)}`;
  }

  // Options.

  socketOptions(full) {
    const { from } = this;
    const halfOpen = from.flag();
    let marks, sides;
    if (full) {
      marks = [0, 0, 0].map(() => some(from.option((from) => from.number())));
      sides = [from.flag(), from.flag()];
    } else {
      const mark = from.number();
      marks = [mark === 16384n ? 'None' : `Some(${mark})`, 'None', 'None'];
      sides = [true, true];
    }
    const [noDelay, keepAlive, delay] = [from.flag(), from.flag(), from.number()];
    return (
      `SocketOptions { allow_half_open: ${halfOpen}, high_water_mark: ${marks[0]}, readable_high_water_mark: ${marks[1]}, ` +
      `writable_high_water_mark: ${marks[2]}, readable: ${sides[0]}, writable: ${sides[1]}, no_delay: ${noDelay}, ` +
      `keep_alive: ${keepAlive}, keep_alive_delay: ${delay} }`
    );
  }

  newServer(full) {
    const options = this.socketOptions(full);
    return `new server pause_on_connect ${this.from.flag()} ${options}`;
  }

  handedIn() {
    const { from } = this;
    const options = this.socketOptions(true);
    const [conn, pipe, writable] = [from.number(), from.flag(), from.flag()];
    const onRead = some(from.option((from) => from.number()));
    const kind = pipe ? 'Pipe' : 'Tcp';
    return `socket of HandedIn { conn: ConnKey(${conn}), kind: ${kind}, writable: ${writable}, on_read: ${onRead} } ${options}`;
  }

  connect() {
    const { from } = this;
    const socket = from.id('c');
    const form = from.byte();
    if (form === 2) return `${socket}.connect ${quoted(from.text())}`;
    if (form !== 1 && form !== 3 && form !== 4) throw new Unreadable('nowhere to connect to');
    const host = given('host', from.option((from) => quoted(from.text())));
    const port = given('port', from.option((from) => from.signed()));
    const [family, hints, custom] = [from.byte(), from.number(), from.flag()];
    const local = given('local address', from.option((from) => quoted(from.text())));
    const localPort = given('local port', from.option((from) => from.signed()));
    const [auto, timeout] = form === 1 ? [false, null] : [from.option((f) => f.flag()), from.option((f) => f.signed())];
    if (form === 4) [from.number(), from.number()];
    return (
      `${socket}.connect${host}${port} family ${family} hints ${hints}${local}${localPort}` +
      `${custom ? ' custom lookup' : ''}${given('auto select family', auto)}${given('attempt timeout', timeout)}`
    );
  }

  listen() {
    const { from } = this;
    const server = from.id('s');
    switch (from.byte()) {
      case 1: {
        const port = from.signed();
        const host = given('host', from.option((from) => quoted(from.text())));
        return `${server}.listen port ${port}${host} backlog ${from.number()} ipv6_only ${from.flag()}`;
      }
      case 2:
        return `${server}.listen ${quoted(from.text())} backlog ${from.number()}`;
      case 3: {
        const key = from.number();
        const kind = some(from.option((from) => (from.flag() ? 'Pipe' : 'Tcp')));
        return `${server}.listen descriptor ${key} ${kind} backlog ${from.number()}`;
      }
      default:
        throw new Unreadable('nowhere to listen');
    }
  }

  listenWith() {
    const { from } = this;
    const flags = () => `reuse_port ${from.flag()} readable_all ${from.flag()} writable_all ${from.flag()}`;
    return `${this.listen()} ${flags()} scope ${from.number()}`;
  }

  blockList() {
    const target = this.target();
    const count = this.from.option((from) => {
      const count = from.number();
      for (let left = count; left > 0n; left--) this.rule();
      return count;
    });
    return `${target}.blockList${given('rules', count)}`;
  }

  rule() {
    const { from } = this;
    const kind = from.byte();
    if (kind < 1 || kind > 3) throw new Unreadable('no rule of a block list');
    from.ip();
    if (kind === 2) from.ip();
    if (kind === 3) from.byte();
  }

  on() {
    const { from } = this;
    const [target, event, listener] = [this.target(), this.event(), from.number()];
    const [once, prepend] = [from.flag(), from.flag()];
    const verb = prepend ? (once ? 'prependOnceListener' : 'prependListener') : once ? 'once' : 'on';
    return `${target} ${verb} '${event}' listener ${listener}`;
  }

  emit() {
    const { from } = this;
    const socket = from.id('c');
    switch (from.byte()) {
      case 1:
        return `${socket}.emit pipe ${from.id('c')}`;
      case 2:
        return `${socket}.emit unpipe ${from.id('c')}`;
      case 3:
        return `${socket}.emit error ${this.error()}`;
      default:
        throw new Unreadable('nothing that is emitted');
    }
  }

  answerText() {
    const { from } = this;
    let out = `${from.id('l')} answer`;
    for (let left = from.number(); left > 0n; left--) out += ` ${quoted(from.text())} family ${from.number()}`;
    return out;
  }

  // The kinds of records.

  command() {
    const { from } = this;
    const tag = from.byte();
    const socket = (rest) => from.id('c') + rest;
    const onOff = (letter) => `${from.id(letter)}.${from.flag() ? 'ref' : 'unref'}`;
    switch (tag) {
      case 1: return `new socket ${this.socketOptions(false)}`;
      case 2: return this.newServer(false);
      case 3: return this.connect();
      case 4: return `${from.id('c')}.write ${this.chunk()}${this.number('callback')}`;
      case 5: return socket('.cork');
      case 6: return socket('.uncork');
      case 7: {
        const socket = from.id('c');
        return `${socket}.end${given('with', from.option(() => this.chunk()))}${this.number('callback')}`;
      }
      case 8: return `${from.id('c')}.destroy${given('with', from.option(() => this.error()))}`;
      case 9: return socket('.destroySoon');
      case 10: return socket('.resetAndDestroy');
      case 11: return socket('.pause');
      case 12: return socket('.resume');
      case 13: return `${from.id('c')}.read${this.number('size')}`;
      case 14: return `${from.id('c')}.setTimeout ${float(from.float())} ms`;
      case 15: return `${from.id('c')}.setNoDelay ${from.flag()}`;
      case 16: return `${from.id('c')}.setKeepAlive ${from.flag()} ${from.number()} ms`;
      case 17: return onOff('c');
      case 18: return `${from.id('c')}.${from.flag() ? 'remoteAddress' : 'address'}`;
      case 19: return socket(' retain');
      case 20: return socket(' release');
      case 21: return socket(' detach');
      case 22: return this.on();
      case 23: return `${this.target()} removeListener '${this.event()}' listener ${from.number()}`;
      case 24: return `${this.target()} removeAllListeners${given('of', from.option(() => this.event()))}`;
      case 25: return this.listen();
      case 26: return `${from.id('s')}.close${this.number('listener')}`;
      case 27: return `${from.id('s')}.address`;
      case 28: return `${from.id('s')}.getConnections callback ${from.number()}`;
      case 29: return `${from.id('s')}.maxConnections ${from.number()}`;
      case 30: return onOff('s');
      case 31: return `${from.id('s')} release`;
      case 32: return `${from.id('l')} answer${this.answer()}`;
      case 33: {
        const ms = float(from.float());
        return `${from.flag() ? 'setInterval' : 'setTimeout'} ${ms} ms`;
      }
      case 34: return `${from.id('t')} clear`;
      case 35: return `${from.id('t')}.refresh`;
      case 36: return onOff('t');
      case 37: return `${from.id('c')}.setEncoding ${named(ENCODINGS, from.byte())}${this.number('kept units')}`;
      case 38: return `${from.id('c')} onread ${from.number()} bytes`;
      case 39: return socket(' onread says stop');
      case 40: return this.emit();
      case 41: return this.answerText();
      case 45: return `new socket ${this.socketOptions(true)}`;
      case 46: return this.newServer(true);
      case 47: return this.handedIn();
      case 48: return `${from.id('c')}.setTypeOfService ${from.byte()}`;
      case 49: return socket('.getTypeOfService');
      case 50: return this.listenWith();
      case 51: return this.blockList();
      case 52: return `${from.id('s')}.maxConnections ${from.signed()}`;
      case 60: return `${this.target()} tap${this.number('listener')}`;
      case 61: return `answer ${from.id('l')} ${this.error()}`;
      case 62: return socket(' drop handle');
      case 63: return `${from.id('c')} unshift ${this.chunk()}`;
      case 64: return `${from.id('c')} flowing = ${some(from.option((from) => from.flag()))}`;
      case 65: return `${from.id('c')} handle reads ${from.flag()}`;
      default: throw new Unreadable('an unknown command');
    }
  }

  reply() {
    const { from } = this;
    const addr = () => from.option((from) => from.addr()) ?? 'no address';
    switch (from.byte()) {
      case 1: return 'reply done';
      case 2: return `reply failed ${from.errno()[0]}`;
      case 3: return 'reply pending';
      case 4: return `reply ${addr()}`;
      case 5: return `reply local ${addr()} remote ${addr()}`;
      case 6: return `reply ${from.number()} bytes`;
      default: throw new Unreadable('an unknown reply');
    }
  }

  completion() {
    const { from } = this;
    const tag = from.byte();
    const id = from.id(tag === 8 ? 'l' : 'h');
    switch (tag) {
      case 1: return `${id} connected${this.result()}`;
      case 2: return `${id} written${this.result()}`;
      case 3: return `${id} read ${this.payload()}`;
      case 4: return `${id} read end`;
      case 5: return `${id} read failed ${from.errno()[0]}`;
      case 6: return `${id} accepted connection ${from.number()}`;
      case 7: return `${id} accept failed ${from.errno()[0]}`;
      case 8: return `${id} looked up${this.answer()}`;
      case 9: return `${id} read ${this.payload()}, ${from.number()} units of text`;
      case 10: return `${id} read end, ${from.number()} units of text`;
      case 40: return `${id} drained`;
      default: throw new Unreadable('an unknown completion');
    }
  }

  input(kind) {
    const { from } = this;
    switch (kind) {
      case 1: return this.command();
      case 2: return this.reply();
      case 3: return this.completion();
      case 4: return `time ${from.number()} ms`;
      case 5: return `tick ${from.number()}`;
      case 6: return `phase ${named([, 'pending', 'closing', 'timers'], from.byte())}`;
      default: return 'the listener threw';
    }
  }
}

/** What `netfold show --inputs` prints of a record. */
function line({ kind, record, number }) {
  const from = new Cursor(record);
  const place = from.number();
  from.take(4); // the check: this reader has no machine to compare with
  const line = new Line(from);
  const input = line.input(kind);
  if (from.left > 0) throw new Unreadable('something is left over');
  return `#${number} +${place} ${input}${line.kept}`;
}

module.exports = { line };
