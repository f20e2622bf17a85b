'use strict';
// Errors as Node makes them, and the checks of arguments that throw them.
const { inspect } = require('node:util');

const classes = { Error, TypeError, RangeError };

// An error with one of Node's own codes: the code stands in the stack's first line, and not in the name.
function coded(Class, code, message) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Class(message);
  Error.stackTraceLimit = stackTraceLimit;
  Object.defineProperty(error, 'toString', {
    value() { return `${this.name} [${code}]: ${this.message}`; },
    enumerable: false, writable: true, configurable: true,
  });
  const { name } = error;
  error.name = `${name} [${code}]`;
  Error.captureStackTrace(error, coded);
  void error.stack;
  delete error.name;
  error.code = code;
  return error;
}

// What the machine knows of an error, as an object, in the box that it is kept in.
function makeError(name, code, message, errno, syscall, address, port, hostname, localAddress, localPort, errors) {
  if (name === 'AggregateError') {
    const error = new AggregateError(errors);
    error.code = errors[0]?.code;
    return [error];
  }
  if (code === 'ABORT_ERR') {
    const error = new Error(message);
    error.name = 'AbortError';
    error.code = code;
    return [error];
  }
  if (code === 'ERR_INVALID_ADDRESS_FAMILY') {
    return [Object.assign(coded(RangeError, code, message), { host: address, port })];
  }
  if (code.startsWith('ERR_')) return [coded(classes[name], code, message)];
  const error = new classes[name](message);
  // The order is Node's, which has two.
  if (syscall === 'listen') error.code = code;
  if (errno !== undefined) error.errno = errno;
  error.code = code;
  if (syscall !== undefined) error.syscall = syscall;
  if (address !== undefined || syscall === 'listen') error.address = address ?? null;
  if (port !== undefined) error.port = port;
  if (hostname !== undefined) error.hostname = hostname;
  if (localAddress !== undefined) error.localAddress = localAddress;
  if (localPort !== undefined) error.localPort = localPort;
  return [error];
}

// How Node names what it was given.
function received(value) {
  if (value == null) return `${value}`;
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 });
  }
  if (typeof value === 'string') {
    const short = value.length > 28 ? `${value.slice(0, 25)}...` : value;
    return `type string (${short.includes("'") ? JSON.stringify(short) : `'${short}'`})`;
  }
  let text = inspect(value, { colors: false });
  if (text.length > 28) text = `${text.slice(0, 25)}...`;
  return `type ${typeof value} (${text})`;
}

function expected(types) {
  const isClass = (type) => /^[A-Z]/.test(type) && type !== 'Object';
  const classNames = types.filter(isClass);
  const kinds = types.filter((type) => !isClass(type)).map((type) => type.toLowerCase());
  const list = (items) => {
    if (items.length < 3) return items.join(' or ');
    return `${items.slice(0, -1).join(', ')}, or ${items.at(-1)}`;
  };
  const parts = [];
  if (kinds.length > 0) parts.push(`${kinds.length > 1 ? 'one of type' : 'of type'} ${list(kinds)}`);
  if (classNames.length > 0) parts.push(`an instance of ${list(classNames)}`);
  return parts.join(' or ');
}

function invalidArgType(name, types, value) {
  const kind = name.includes('.') ? 'property' : 'argument';
  const what = expected([types].flat());
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" ${kind} must be ${what}. Received ${received(value)}`);
}

function invalidArgValue(name, value, reason = 'is invalid') {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${text}`);
}

function outOfRange(name, range, value) {
  let text = Object.is(value, -0) ? '-0' : String(value);
  if (Number.isInteger(value) && Math.abs(value) > 2 ** 32) {
    text = text.replace(/\B(?=(\d{3})+(?!\d))/g, '_');
  } else if (typeof value !== 'number') {
    text = inspect(value);
  }
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${text}`;
  return coded(RangeError, 'ERR_OUT_OF_RANGE', message);
}

function validateNumber(value, name) {
  if (typeof value !== 'number') throw invalidArgType(name, 'number', value);
}

function validateBoolean(value, name) {
  if (typeof value !== 'boolean') throw invalidArgType(name, 'boolean', value);
}

function validateString(value, name) {
  if (typeof value !== 'string') throw invalidArgType(name, 'string', value);
}

function validateFunction(value, name) {
  if (typeof value !== 'function') throw invalidArgType(name, 'function', value);
}

function validateInt32(value, name, min = -2147483648, max = 2147483647) {
  validateNumber(value, name);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

function validateAbortSignal(signal, name) {
  if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
    throw invalidArgType(name, 'AbortSignal', signal);
  }
}

function badPort(port, name = 'Port') {
  const ok = (typeof port === 'number' || (typeof port === 'string' && port.trim().length > 0)) &&
    +port === +port >>> 0 && port <= 0xFFFF;
  if (ok) return undefined;
  const message = `${name} should be >= 0 and < 65536. Received ${received(port)}.`;
  return coded(RangeError, 'ERR_SOCKET_BAD_PORT', message);
}

module.exports = {
  badPort, coded, invalidArgType, invalidArgValue, makeError, outOfRange,
  validateAbortSignal, validateBoolean, validateFunction, validateInt32, validateNumber, validateString,
};
