// S19: readableAll and writableAll add to the mode of the path, within the call.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const mode = (path) => (fs.statSync(path).mode & 0o7777).toString(8);
for (const umask of [0o077, 0o022]) {
  process.umask(umask);
  for (const readableAll of [false, true]) {
    for (const writableAll of [false, true]) {
      const path = tempPath();
      const srv = net.createServer();
      srv.listen({ path, readableAll, writableAll });
      server.log(readableAll + ' ' + writableAll + ' ' + mode(path));
      srv.close();
    }
  }
}
