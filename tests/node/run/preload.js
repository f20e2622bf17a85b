'use strict';
// Within each process of a test: the files of the test tree get net.js for `net`, and what they did with it is written
// down at the end.
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
require('./newer.js');

const root = process.env.NETFOLD_SUITE_ROOT + path.sep;
const ours = path.join(__dirname, '..', 'net.js');
const isNet = (request) => request === 'net' || request === 'node:net';
const ofTheTree = (file) => typeof file === 'string' && file.startsWith(root);

const write = fs.writeFileSync;
let loaded;
let used = false;
const stock = [];

// The line of the stack that is this many callers above.
const calledFrom = (depth) => new Error().stack.split('\n')[depth + 1] ?? '';

function load() {
  loaded ??= new Proxy(require(ours), {
    get(target, key) {
      if (!used && !calledFrom(2).includes(`${root}common`)) {
        used = true;
        save();
      }
      return target[key];
    },
  });
  return loaded;
}

const original = Module._load;
Module._load = function(request, parent, ...rest) {
  if (isNet(request) && ofTheTree(parent?.filename)) return load();
  return Reflect.apply(original, this, [request, parent, ...rest]);
};

const builtin = process.getBuiltinModule;
if (builtin) process.getBuiltinModule = (id) => (isNet(id) ? load() : builtin(id));

if (/\.mjs$/.test(process.argv[1] ?? '')) {
  globalThis[Symbol.for('netfold')] = load;
  const { pathToFileURL } = require('node:url');
  const data = { root: pathToFileURL(root).href, net: pathToFileURL(path.join(__dirname, 'net.mjs')).href };
  Module.register(pathToFileURL(path.join(__dirname, 'hooks.mjs')).href, { data });
}

// TCP and pipe handles that Node makes for a file of the tree: stdio, child processes and the cluster have their own.
require('node:async_hooks').createHook({
  init(id, type) {
    if (!/^(TCP|PIPE)(SERVER|CONNECT)?WRAP$/.test(type)) return;
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 40;
    const lines = new Error().stack.split('\n').slice(2);
    Error.stackTraceLimit = stackTraceLimit;
    const user = lines.findIndex((line) => line.includes(root) || line.includes(path.dirname(ours)));
    const inner = (user < 0 ? lines : lines.slice(0, user)).join('\n');
    if (!/node:(internal\/)?(child_process|cluster|bootstrap|process|tty|inspector)|getStd/.test(inner)) {
      stock.push(`${type} ${lines.find((line) => line.includes(root)) ?? ''}`.trim());
    }
  },
}).enable();

// At the first use too: a process may be killed.
function save() {
  const counters = loaded && require(ours)[Symbol.for('node-suite.report')]();
  try {
    write(path.join(process.env.NETFOLD_SUITE_SEEN, String(process.pid)), JSON.stringify({ used, stock, counters }));
  } catch {
    // The folder is gone: the test was given up.
  }
}
process.on('exit', save);
