'use strict';
// The forms of call of connect and listen.

const normalized = Symbol('normalized');

const flag = (name) => {
  const all = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  return all.includes(name);
};

const timeoutFlag = () => {
  const name = '--network-family-autoselection-attempt-timeout=';
  const given = process.execArgv.find((arg) => arg.startsWith(name));
  return given ? Math.max(Number(given.slice(name.length)), 10) : 250;
};

// What connections have unless they say otherwise; the command line can change it.
const defaults = {
  autoSelectFamily: !flag('--no-network-family-autoselection') && !flag('--no-enable-network-family-autoselection'),
  attemptTimeout: timeoutFlag(),
};

const isPipeName = (value) => typeof value === 'string' && !(Number(value) >= 0);

function normalizeArgs(args) {
  const [first] = args;
  let options = {};
  if (args.length === 0) return mark([options, null]);
  if (typeof first === 'object' && first !== null) {
    options = first;
  } else if (isPipeName(first)) {
    options.path = first;
  } else {
    options.port = first;
    if (typeof args[1] === 'string') options.host = args[1];
  }
  const last = args[args.length - 1];
  return mark([options, typeof last === 'function' ? last : null]);
}

function mark(pair) {
  pair[normalized] = true;
  return pair;
}

const isNormalized = (value) => Array.isArray(value) && value[normalized] === true;

module.exports = { normalizeArgs, isNormalized, isPipeName, defaults };
