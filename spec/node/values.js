'use strict';
// What the `arguments_*` programs share: the values that every argument is tried with, and the form in which a
// value, an error and what came of a call are logged. It is not a program itself.

const { actor } = require('./oracle');

const numbers = [0, -0, 1, -1, 9, 65535, 65536, 2147483647, 2147483648, 4294967295, 4294967296, 9007199254740992,
  1.5, -0.5, NaN, Infinity, -Infinity];
const long = 'x'.repeat(300);
// Texts that JavaScript reads as a number, and texts that it does not.
const numerals = ['0', '9', ' 9 ', '09', '0x9', '0b11', '0o7', '9e0', '+9', '9.0', '-1', '-0', '65535', '65536', '1.5',
  'Infinity', '1e400', '\t9\n', '\u00a09\ufeff'];
const words = ['', ' ', 'abc', '9abc', '0x', '1_0', '1n', '9\0', '\u0669', 'it\'s', long];
const foreign = [undefined, null, true, false, {}, [], () => {}, 1n, Symbol('s')];

// A value as the name of a case has it.
function show(value) {
  if (value === long) return '"x".repeat(300)';
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'function') return 'function';
  if (typeof value === 'bigint') return value + 'n';
  if (typeof value === 'object' && value !== null) return label(value);
  return Object.is(value, -0) ? '-0' : String(value);
}

// A text in ASCII.
function quoted(text) {
  return JSON.stringify(text).replace(/[^ -~]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

function label(value) {
  if (Array.isArray(value)) return '[' + value.map((v) => (v instanceof Error ? describe(v) : show(v))).join(', ') +
    ']';
  if (value instanceof Uint8Array) return value.constructor.name + '(' + value.length + ')';
  if (value instanceof Error) return 'Error(' + (value.code ?? value.message) + ')';
  if (value instanceof Date || value instanceof DataView) return value.constructor.name;
  return JSON.stringify(value);
}

// The error's fields besides its code, in the order of their names.
function fields(err) {
  const keys = Object.keys(err).filter((key) => key !== 'code').sort();
  const own = keys.map((key) => key + ': ' + (err[key] instanceof Error ? describe(err[key]) : show(err[key])));
  return own.length === 0 ? '' : ' { ' + own.join(', ') + ' }';
}

// Without ephemeral ports.
function masked(text) {
  return text.replace(/Local \((.*):\d+\)/, 'Local ($1:PORT)');
}

function describe(err) {
  if (!(err instanceof Error)) return 'no error but ' + show(err);
  return [err.name, err.code ?? 'without code', masked(quoted(err.message))].join(' ') + fields(err);
}

// Logs the errors, the end and the attempts of a socket or server.
function follow(c, emitter, names) {
  for (const name of names) {
    emitter.on(name, (...args) => {
      if (name === 'error') return c.log('error ' + describe(args[0]));
      if (name === 'close') return c.log('close ' + args[0]);
      if (name === 'lookup') return c.log('lookup ' + (args[0] ? args[0].code : show(args[1]) + ' ' + show(args[2])) +
        ' ' + show(args[3]));
      if (name === 'connectionAttempt') return c.log('connectionAttempt ' + show(args[0]) + ' ' + args[1] + ' ' +
        args[2]);
      c.log(name);
    });
  }
}

// One case: an argument of a member, with a value. `run` gets the actor; what it returns is logged after `ok`. Whether
// it threw is the answer.
function attempt(member, argument, value, run) {
  const c = actor([member, argument, show(value)].join(' '));
  try {
    const text = run(c);
    c.log(text === undefined ? 'ok' : 'ok ' + text);
    return true;
  } catch (err) {
    c.log('threw ' + describe(err));
    return false;
  }
}

module.exports = { attempt, describe, follow, foreign, long, numbers, numerals, show, words };
