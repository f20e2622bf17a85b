// S22: a path of 107 bytes, a name of Windows' kind, and an abstract name.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const short = tempPath();
const kinds = [
  ['107 bytes', short + 'x'.repeat(107 - short.length), true],
  ['a pipe', '\\\\?\\pipe\\nf-' + process.pid, true],
  ['an abstract name', '\0nf-' + process.pid, false],
];
const next = () => {
  if (kinds.length === 0) return;
  const [label, path, file] = kinds.shift();
  const exists = () => file ? fs.existsSync(path) : 'no file';
  const srv = net.createServer((peer) => {
    server.log('remoteAddress ' + peer.remoteAddress);
    peer.end('hello');
    peer.resume();
    srv.close(() => {
      server.log(label + ' exists ' + exists() + ' address same ' + (srv.address() === path));
      next();
    });
  });
  server.watch(srv, ['listening', 'connection', 'error', 'close']);
  srv.listen(path, () => {
    const sock = net.connect(path);
    server.watch(sock, ['connect', 'data', 'end', 'error', 'close']);
  });
  server.log(label + ' exists ' + exists() + ' address same ' + (srv.address() === path));
};
next();
