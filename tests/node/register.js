'use strict';
// node -r netfold-register app.js: the program's require('net') and import 'net' are net.js. With NETFOLD_RECORD=FILE in the
// environment its net activity is recorded. What Node itself has on its own net (http, tls, stdio) stays there.
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

// At the first use: the thread of Node's loader has none.
let loaded;
const net = () => (loaded ??= require('./net.js'));
const isNet = (request) => request === 'net' || request === 'node:net';
const face = [path.join(__dirname, 'net.js'), path.join(__dirname, 'face') + path.sep];
const ofOurs = (file) => typeof file === 'string' && face.some((ours) => file.startsWith(ours));

const load = Module._load;
Module._load = function(request, parent, ...rest) {
  if (isNet(request) && !ofOurs(parent?.filename)) return net();
  return Reflect.apply(load, this, [request, parent, ...rest]);
};

const builtin = process.getBuiltinModule;
if (builtin) process.getBuiltinModule = (id) => (isNet(id) ? net() : builtin(id));

globalThis[Symbol.for('netfold')] = net;
const data = { root: 'file:', net: pathToFileURL(path.join(__dirname, 'run', 'net.mjs')).href };
Module.register(pathToFileURL(path.join(__dirname, 'run', 'hooks.mjs')).href, { data });
