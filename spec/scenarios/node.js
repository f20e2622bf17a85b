'use strict';
// Runs scenarios on Node's `net` and writes NAME.log, or compares with it. Usage: README.md.

const fs = require('fs');
const path = require('path');
const { parse } = require('./parse');
const { run } = require('./run');

// What a log has when the system had no port left to listen on: many are kept for a minute after their connection.
const NO_PORTS = /EADDRINUSE: address already in use 127\.0\.0\.1"/;
const NO_PORTS_MS = 1000;
const NO_PORTS_TRIES = 90;
// So often a run is made again whose log is another and whose timers the machine may have made late.
const STALLED_TRIES = 20;

// The log of a program, or a line that says why there is none; and whether the machine stood still meanwhile.
function logOf(text, done, tries = 1) {
  let program;
  try {
    program = parse(text);
  } catch (err) {
    if (!err.scenario) throw err;
    done('!! ' + err.message + '\n');
    return;
  }
  run(program, (log, stalled) => {
    if (NO_PORTS.test(log) && tries < NO_PORTS_TRIES) setTimeout(logOf, NO_PORTS_MS, text, done, tries + 1);
    else done(log, stalled);
  });
}

// ---- batches ------------------------------------------------------------------------------------
// Standard input is read between programs only, and blocking, so that it has no turns in them.
function serve() {
  const buffer = Buffer.alloc(65536);
  let rest = '';
  const next = () => {
    let end;
    while ((end = endOfProgram(rest)) < 0) {
      const n = readSome(buffer);
      if (n === 0) process.exit(0);
      rest += buffer.latin1Slice(0, n);
    }
    const text = rest.slice(0, end);
    rest = rest.slice(end + 3);
    logOf(text, (log) => {
      writeAll(log + '%%\n');
      setImmediate(next);
    });
  };
  next();
}

// Where the line `%%` begins that ends the first program, or -1.
function endOfProgram(text) {
  if (text.startsWith('%%\n')) return 0;
  const at = text.indexOf('\n%%\n');
  return at < 0 ? -1 : at + 1;
}

function readSome(buffer) {
  for (;;) {
    try {
      return fs.readSync(0, buffer);
    } catch (err) {
      if (err.code === 'EOF') return 0;
      waitABit(err);
    }
  }
}

function writeAll(text) {
  const bytes = Buffer.from(text);
  let at = 0;
  while (at < bytes.length) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (err) {
      if (err.code === 'EPIPE') process.exit(1);
      waitABit(err);
    }
  }
}

// The descriptor may be one that does not block.
function waitABit(err) {
  if (err.code !== 'EAGAIN') throw err;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

// ---- files --------------------------------------------------------------------------------------
function files(names, check, repeat) {
  let failed = 0;
  const left = names.slice();
  const next = () => {
    if (left.length === 0) {
      console.log(names.length + ' scenarios, ' + failed + ' failed');
      process.exit(failed > 0 ? 1 : 0);
    }
    const name = left.shift();
    const text = fs.readFileSync(path.join(__dirname, name + '.scn'), 'latin1');
    runs(text, repeat, check ? recorded(name) : undefined, (logs) => {
      const why = outcome(name, logs, check);
      if (why !== null) {
        failed++;
        console.log('== ' + name + '\n' + why);
      }
      setImmediate(next);
    });
  };
  next();
}

// The different logs of `repeat` runs, each with how often it was logged. One that is not the expected one (or the first) is
// counted only if the machine had no part in it, as far as that can be told.
function runs(text, repeat, expected, done) {
  const logs = new Map();
  const again = (left, tries) => {
    if (left === 0) {
      done(logs);
      return;
    }
    logOf(text, (log, stalled) => {
      const usual = expected ?? [...logs.keys()][0] ?? log;
      if (log !== usual && stalled && tries < STALLED_TRIES) {
        setImmediate(again, left, tries + 1);
        return;
      }
      logs.set(log, (logs.get(log) || 0) + 1);
      setImmediate(again, left - 1, 1);
    });
  };
  again(repeat, 1);
}

// What is recorded of a scenario.
function recorded(name) {
  const file = path.join(__dirname, name + '.log');
  return fs.existsSync(file) ? fs.readFileSync(file, 'latin1') : '(no log)\n';
}

// Compares or writes; what is wrong, or null.
function outcome(name, logs, check) {
  const [log] = logs.keys();
  if (logs.size > 1 || log.includes('!! ')) return [...logs].map(([text, n]) => n + ' times\n' + text).join('');
  if (!check) {
    fs.writeFileSync(path.join(__dirname, name + '.log'), log);
    return null;
  }
  const expected = recorded(name);
  return log === expected ? null : '--- expected\n' + expected + '--- got\n' + log;
}

// ---- arguments ----------------------------------------------------------------------------------
let check = false;
let repeat = 1;
let serving = false;
const names = [];
const args = process.argv.slice(2);
while (args.length > 0) {
  const arg = args.shift();
  if (arg === '--check') check = true;
  else if (arg === '--repeat') repeat = Number(args.shift());
  else if (arg === '--serve') serving = true;
  else names.push(path.basename(arg).replace(/\.(scn|log)$/, ''));
}
if (names.length === 0) {
  for (const file of fs.readdirSync(__dirname).sort()) if (file.endsWith('.scn')) names.push(file.slice(0, -4));
}
if (serving) serve();
else files(names, check, repeat);
