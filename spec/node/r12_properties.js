// Every public property of a net.Socket, in each state of its life.
'use strict';
const net = require('net');
const { actor, maskPort, portOf, when } = require('./oracle');
const c = actor('c');
const s = actor('s');

const names = ['allowHalfOpen', 'bufferSize', 'bytesRead', 'bytesWritten', 'closed', 'connecting', 'destroyed', 'errored',
  'localAddress', 'localFamily', 'pending', 'readable', 'readableAborted', 'readableDidRead', 'readableEncoding',
  'readableEnded', 'readableFlowing', 'readableHighWaterMark', 'readableLength', 'readyState', 'remoteAddress',
  'remoteFamily', 'timeout', 'writable', 'writableCorked', 'writableEnded', 'writableFinished', 'writableHighWaterMark',
  'writableLength', 'writableNeedDrain'];
const text = (value) => (value instanceof Error ? value.code || value.message : String(value));
const before = new Map();
// What has changed since the last look at this socket.
function show(log, sock, label) {
  const now = { isPaused: text(sock.isPaused()), server: sock.server === null ? 'null' : String(sock.server === server) };
  for (const name of names) now[name] = text(sock[name]);
  const old = before.get(sock) || {};
  const changed = Object.keys(now).filter((name) => now[name] !== old[name]).map((name) => name + ' ' + now[name]);
  before.set(sock, now);
  log.log(label + ': ' + (changed.join(', ') || 'as before'));
}

const server = net.createServer((peer) => {
  server.close();
  show(s, peer, 'connection');
  peer.on('data', () => {});
  peer.on('end', () => show(s, peer, 'end'));
  peer.on('error', () => show(s, peer, 'error'));
  peer.on('close', () => show(s, peer, 'close'));
  peer.write('hello');
});
server.listen(0, '127.0.0.1', () => {
  const sock = new net.Socket({ writableHighWaterMark: 3 });
  show(c, sock, 'new');
  sock.connect({ port: portOf(server), host: '127.0.0.1' });
  show(c, sock, 'connect called');
  sock.setTimeout(100000);
  sock.pause();
  show(c, sock, 'paused, with a timeout');
  sock.cork();
  sock.cork();
  sock.write('abcd');
  show(c, sock, 'corked twice and written to');
  sock.uncork();
  sock.uncork();
  show(c, sock, 'uncorked');
  sock.on('drain', () => show(c, sock, 'drain'));
  sock.on('connect', () => {
    show(c, sock, 'connect');
    sock.read(0);
    when(() => sock.readableLength > 0, () => {
      show(c, sock, 'something to read');
      sock.setEncoding('utf8');
      sock.on('data', () => show(c, sock, 'data'));
      sock.resume();
      show(c, sock, 'resumed');
      sock.on('resume', () => show(c, sock, 'resume'));
      setImmediate(() => {
        sock.end();
        show(c, sock, 'end called');
      });
    });
  });
  sock.on('finish', () => show(c, sock, 'finish'));
  sock.on('end', () => show(c, sock, 'end'));
  sock.on('close', () => show(c, sock, 'close'));
  const failed = new net.Socket();
  failed.on('error', () => show(c, failed, 'failed: error'));
  failed.on('close', () => show(c, failed, 'failed: close'));
  failed.destroy(new Error('why'));
  show(c, failed, 'failed: destroyed');
});
