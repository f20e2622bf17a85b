// S17: listen({ fd }) on a Unix socket that is bound: no address, and the file stays.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, tempPath } = require('./oracle');
const { Pipe, constants } = process.binding('pipe_wrap');
const server = actor('server');

const path = tempPath();
const bound = new Pipe(constants.SERVER);
bound.bind(path);
const srv = net.createServer((peer) => {
  server.log('address keys ' + Object.keys(peer.address()).length + ' remoteAddress ' + peer.remoteAddress);
  peer.end();
  peer.resume();
  srv.close(server.cb('close'));
  server.log('exists ' + fs.existsSync(path));
});
server.watch(srv, ['listening', 'connection', 'error', 'close']);
srv.listen({ fd: bound.fd }, () => {
  server.log('listen callback');
  net.connect(path).resume();
});
server.log('listening ' + srv.listening + ' address ' + srv.address());
srv.on('close', () => fs.unlinkSync(path));
