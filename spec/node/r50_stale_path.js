// R50: a socket file without a server: connecting is refused.
'use strict';
const { spawnSync } = require('child_process');
const fs = require('fs');
const net = require('net');
const { actor, tempPath } = require('./oracle');
const c = actor('c');
const server = actor('server');

const path = tempPath();
// A process that leaves without closing its server leaves the file behind.
spawnSync(process.execPath, ['-e', 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))', path]);
c.log('exists ' + fs.existsSync(path));
const sock = new net.Socket();
c.watch(sock, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'error', 'close']);
sock.connect(path);
sock.on('close', () => {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'close', 'error']);
  srv.listen(path);
  srv.on('error', () => fs.unlinkSync(path));
});
