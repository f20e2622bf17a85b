// Table 2: 'drop' on a unix server has no argument.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');
const c2 = actor('c2');

const path = tempPath();
let first = null;
const srv = net.createServer((peer) => {
  peer.resume();
  const second = net.connect(path);
  c2.watch(second, ['connect', 'ready', 'end', 'finish', 'error', 'close']);
  second.resume();
  second.on('close', () => {
    first.end();
    srv.close();
  });
});
srv.maxConnections = 1;
server.watch(srv, ['connection', 'drop', 'close']);
srv.listen(path, () => {
  first = net.connect(path);
  first.resume();
});
