'use strict';
// The exports of require('net'), over netfold's machine.
const { counters, isIP } = require('./face/core.js');
const { Socket } = require('./face/socket.js');
const { Server } = require('./face/server.js');
const { validateBoolean, validateInt32 } = require('./face/errors.js');
const { normalizeArgs, defaults } = require('./face/args.js');
const { BlockList, SocketAddress } = require('./face/addresses.js');

function createServer(options, connectionListener) {
  return new Server(options, connectionListener);
}

function connect(...args) {
  const normalized = normalizeArgs(args);
  const [options] = normalized;
  const socket = new Socket(options);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(normalized);
}

function getDefaultAutoSelectFamily() {
  return defaults.autoSelectFamily;
}

function setDefaultAutoSelectFamily(value) {
  validateBoolean(value, 'value');
  defaults.autoSelectFamily = value;
}

function getDefaultAutoSelectFamilyAttemptTimeout() {
  return defaults.attemptTimeout;
}

function setDefaultAutoSelectFamilyAttemptTimeout(value) {
  validateInt32(value, 'value', 1);
  defaults.attemptTimeout = Math.max(value, 10);
}

let warned = false;
function _setSimultaneousAccepts() {
  if (warned) return;
  warned = true;
  process.emitWarning('net._setSimultaneousAccepts() is deprecated and will be removed.',
                      'DeprecationWarning', 'DEP0121');
}

module.exports = {
  _normalizeArgs: normalizeArgs,
  _setSimultaneousAccepts,
  BlockList,
  SocketAddress,
  connect,
  createConnection: connect,
  createServer,
  isIP,
  isIPv4: (input) => isIP(input) === 4,
  isIPv6: (input) => isIP(input) === 6,
  Server,
  Socket,
  Stream: Socket,
  getDefaultAutoSelectFamily,
  setDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamilyAttemptTimeout,
  [Symbol.for('node-suite.report')]: counters,
};
