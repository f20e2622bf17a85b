'use strict';
// What stands for what in a record.

const ERRNOS = {
  1: ['EPERM', 'operation not permitted'],
  2: ['ENOENT', 'no such file or directory'],
  4: ['EINTR', 'interrupted system call'],
  5: ['EIO', 'i/o error'],
  9: ['EBADF', 'bad file descriptor'],
  11: ['EAGAIN', 'resource temporarily unavailable'],
  12: ['ENOMEM', 'not enough memory'],
  13: ['EACCES', 'permission denied'],
  17: ['EEXIST', 'file already exists'],
  19: ['ENODEV', 'no such device'],
  20: ['ENOTDIR', 'not a directory'],
  22: ['EINVAL', 'invalid argument'],
  23: ['ENFILE', 'file table overflow'],
  24: ['EMFILE', 'too many open files'],
  28: ['ENOSPC', 'no space left on device'],
  30: ['EROFS', 'read-only file system'],
  32: ['EPIPE', 'broken pipe'],
  36: ['ENAMETOOLONG', 'name too long'],
  40: ['ELOOP', 'too many symbolic links encountered'],
  71: ['EPROTO', 'protocol error'],
  88: ['ENOTSOCK', 'socket operation on non-socket'],
  89: ['EDESTADDRREQ', 'destination address required'],
  90: ['EMSGSIZE', 'message too long'],
  91: ['EPROTOTYPE', 'protocol wrong type for socket'],
  92: ['ENOPROTOOPT', 'protocol not available'],
  93: ['EPROTONOSUPPORT', 'protocol not supported'],
  95: ['ENOTSUP', 'operation not supported on socket'],
  97: ['EAFNOSUPPORT', 'address family not supported'],
  98: ['EADDRINUSE', 'address already in use'],
  99: ['EADDRNOTAVAIL', 'address not available'],
  100: ['ENETDOWN', 'network is down'],
  101: ['ENETUNREACH', 'network is unreachable'],
  103: ['ECONNABORTED', 'software caused connection abort'],
  104: ['ECONNRESET', 'connection reset by peer'],
  105: ['ENOBUFS', 'no buffer space available'],
  106: ['EISCONN', 'socket is already connected'],
  107: ['ENOTCONN', 'socket is not connected'],
  108: ['ESHUTDOWN', 'cannot send after transport endpoint shutdown'],
  110: ['ETIMEDOUT', 'connection timed out'],
  111: ['ECONNREFUSED', 'connection refused'],
  112: ['EHOSTDOWN', 'host is down'],
  113: ['EHOSTUNREACH', 'host is unreachable'],
  114: ['EALREADY', 'connection already in progress'],
  115: ['EINPROGRESS', 'operation now in progress'],
  125: ['ECANCELED', 'operation canceled'],
};

const LOOKUP_CODES = { 1: 'ENOTFOUND', 2: 'EAI_AGAIN', 3: 'EAI_FAIL', 4: 'EAI_MEMORY', 5: 'EAI_AGAIN', 34: 'EINVAL' };
const TOO_MANY = 5;

const ENCODINGS = [, 'utf8', 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex'];

const EVENTS = [
  , 'lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connect', 'ready', 'data', 'readable', 'end', 'drain',
  'prefinish', 'finish', 'timeout', 'pause', 'resume', 'error', 'close', 'listening', 'connection', 'drop', 'close',
  'pipe', 'unpipe', 'connectionAttemptTimeout',
];

module.exports = { ERRNOS, LOOKUP_CODES, TOO_MANY, ENCODINGS, EVENTS };
