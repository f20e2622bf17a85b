'use strict';
// Runs every program of this folder and writes its output to NAME.log, or compares it with the log.
// Usage: node record.js [--check] [--repeat K] [NAME...]
//   without --check the logs are written; with --repeat each program runs K times and those whose
//   outputs differ among each other are reported (and their logs are not written).

const { execFile } = require('child_process');
const fs = require('fs');
const path = require('path');

const AT_ONCE = 2;
const LIMIT_MS = 10000;
const NOT_PROGRAMS = ['oracle.js', 'record.js', 'segments.js', 'text.js', 'values.js'];

let check = false;
let repeat = 1;
const names = [];
const args = process.argv.slice(2);
while (args.length > 0) {
  const arg = args.shift();
  if (arg === '--check') check = true;
  else if (arg === '--repeat') repeat = Number(args.shift());
  else names.push(arg.replace(/\.js$/, ''));
}
if (names.length === 0) {
  for (const file of fs.readdirSync(__dirname).sort()) {
    if (file.endsWith('.js') && !NOT_PROGRAMS.includes(file)) names.push(file.slice(0, -3));
  }
}

const jobs = [];
const outputs = new Map();
for (const name of names) {
  outputs.set(name, []);
  for (let i = 0; i < repeat; i++) jobs.push(name);
}

function runNext() {
  if (jobs.length === 0) return;
  const name = jobs.shift();
  const program = path.join(__dirname, name + '.js');
  execFile(process.execPath, [program], { timeout: LIMIT_MS }, (err, stdout, stderr) => {
    let text = stdout;
    if (err !== null) text += err.killed ? '!! time limit\n' : '!! exit code ' + err.code + '\n' + stderr;
    outputs.get(name).push(text);
    running--;
    fill();
    if (running === 0) report();
  });
  running++;
}

function fill() {
  while (running < AT_ONCE && jobs.length > 0) runNext();
}

let running = 0;
fill();

// Lines that only one side has, found by a plain longest-common-subsequence table.
function diff(want, got) {
  const a = want.split('\n');
  const b = got.split('\n');
  const table = [];
  for (let i = a.length; i >= 0; i--) {
    table[i] = [];
    for (let j = b.length; j >= 0; j--) {
      if (i === a.length || j === b.length) table[i][j] = 0;
      else if (a[i] === b[j]) table[i][j] = table[i + 1][j + 1] + 1;
      else table[i][j] = Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  let out = '';
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      if (a[i] !== '') out += '    ' + a[i] + '\n';
      i++;
      j++;
    } else if (j < b.length && (i === a.length || table[i][j + 1] >= table[i + 1][j])) {
      out += '  + ' + b[j++] + '\n';
    } else {
      out += '  - ' + a[i++] + '\n';
    }
  }
  return out;
}

function report() {
  let passed = 0;
  let failed = 0;
  for (const name of names) {
    const logFile = path.join(__dirname, name + '.log');
    const runs = outputs.get(name);
    let want = runs[0];
    if (check) want = fs.existsSync(logFile) ? fs.readFileSync(logFile, 'utf8') : '';
    const other = runs.find((text) => text !== want);
    if (other !== undefined) {
      failed++;
      const count = runs.filter((text) => text !== want).length;
      console.log(name + ': ' + count + ' of ' + runs.length + ' runs differ' + (check ? ' from the log' : ''));
      console.log(diff(want, other));
    } else if (want.includes('!! ') || want.includes('none: ')) {
      failed++;
      console.log(name + ': bad output\n' + want);
    } else {
      passed++;
      if (!check) fs.writeFileSync(logFile, want);
    }
  }
  console.log(passed + ' passed, ' + failed + ' failed');
  process.exit(failed === 0 ? 0 : 1);
}
