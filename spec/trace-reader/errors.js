'use strict';
// Errors: their codes and messages.

const { Unreadable, named } = require('./pieces');
const { LOOKUP_CODES, TOO_MANY } = require('./tables');

/** An error: its code and message. */
function failure(from, tag) {
  const text = () => from.text();
  const plain = (code, message) => ({ code, message });
  switch (tag) {
    case 1: return plain('ERR_STREAM_WRITE_AFTER_END', 'write after end');
    case 2: return plain('ERR_STREAM_DESTROYED', `Cannot call ${text()} after a stream was destroyed`);
    case 3: return plain('ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
    case 4: return plain('ERR_MULTIPLE_CALLBACK', 'Callback called multiple times');
    case 5: return plain('ERR_SOCKET_CLOSED', 'Socket is closed');
    case 6: return plain('ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established');
    case 7: return plain('EPIPE', 'This socket has been ended by the other party');
    case 8: return plain('ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
    case 9: return plain('ERR_SERVER_NOT_RUNNING', 'Server is not running.');
    case 10: return plain('ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
    case 11: return plain('ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    case 12: return plain('ERR_SOCKET_BAD_PORT', `${text()} should be >= 0 and < 65536. Received type number (${text()}).`);
    case 13:
      return plain('ERR_OUT_OF_RANGE', `The value of "${text()}" is out of range. It must be ${text()}. Received ${text()}`);
    case 14: return plain('ERR_INVALID_ARG_VALUE', `The argument '${text()}' ${text()}`);
    case 15: return plain('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${text()}`);
    case 16:
      return plain('ERR_INVALID_ADDRESS_FAMILY', `Invalid address family: ${from.number()} ${text()}:${from.number()}`);
    case 17: return plain('ERR_UNKNOWN_ENCODING', `Unknown encoding: ${text()}`);
    case 18: return system(from);
    case 19: {
      const code = from.byte();
      const many = code === TOO_MANY ? ' (too many lookups are under way)' : '';
      const name = named(LOOKUP_CODES, code);
      return plain(name, `getaddrinfo ${name} ${text()}${many}`);
    }
    case 20:
      return plain(
        'ERR_NETFOLD_LIMIT',
        `The limit "${text()}" of ${from.number()} is reached; raise it in Limits or do less at once`,
      );
    case 21: {
      const [code, message] = [from.option(text) ?? '', text()];
      from.number();
      return plain(code, message);
    }
    case 22: return plain('ERR_INVALID_ADDRESS', 'Invalid socket address');
    case 23: {
      const name = text();
      const kind = name.includes('.') ? 'property' : 'argument';
      return plain('ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${text()}. Received ${text()}`);
    }
    case 24: {
      const errors = [];
      for (let left = from.number(); left > 0n; left--) {
        const tag = from.byte();
        if (tag === 24) throw new Unreadable('an aggregate in an aggregate');
        errors.push(failure(from, tag));
      }
      return plain(errors[0]?.code ?? '', '');
    }
    case 25: return plain('ABORT_ERR', 'The operation was aborted');
    case 30: return plain('ERR_INVALID_FD_TYPE', `Unsupported fd type: ${text()}`);
    case 31: return plain('ERR_IP_BLOCKED', `IP(${text()}) is blocked by net.BlockList`);
    case 34: {
      const [name, all] = [text(), text()];
      const short = all.length > 28 ? `${all.slice(0, 25).toWellFormed()}...` : all;
      const received = short.includes("'") ? JSON.stringify(short) : `'${short}'`;
      return plain('ERR_SOCKET_BAD_PORT', `${name} should be >= 0 and < 65536. Received type string (${received}).`);
    }
    default: throw new Unreadable('an unknown error');
  }
}

function system(from) {
  const [name, why] = from.errno();
  const syscall = from.text();
  let message = `${syscall} ${name}${syscall === 'listen' ? `: ${why}` : ''}`;
  switch (from.byte()) {
    case 0: break;
    case 1: {
      const [address, port] = [from.text(), from.number()];
      message += ` ${address}${port ? `:${port}` : ''}`;
      break;
    }
    case 2: message += ` ${from.text()}`; break;
    default: throw new Unreadable('an unknown kind of place');
  }
  const local = from.option((from) => `${from.text()}:${from.number()}`);
  from.flag();
  return { code: name, message: local === null ? message : `${message} - Local (${local})` };
}

module.exports = { failure };
