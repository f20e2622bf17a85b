// S17: listen({ fd }) on a socket that is bound: within the call; closed with the server.
'use strict';
const fs = require('fs');
const net = require('net');
const { actor, portOf } = require('./oracle');
const { TCP, constants } = process.binding('tcp_wrap');
const server = actor('server');

const bound = new TCP(constants.SERVER);
bound.bind('127.0.0.1', 0);
const fd = bound.fd;
const srv = net.createServer((peer) => {
  server.log('remote ' + peer.remoteAddress);
  peer.end();
  peer.resume();
  srv.close(server.cb('close'));
});
server.watch(srv, ['listening', 'connection', 'error', 'close']);
srv.listen({ fd }, 3, () => {
  server.log('listen callback');
  server.throws('listen()', () => srv.listen({ fd }));
  net.connect(portOf(srv), '127.0.0.1').resume();
});
const { address, family, port } = srv.address();
server.log('listening ' + srv.listening + ' address ' + address + ' ' + family + ' ' + (port > 0));
srv.on('close', () => {
  let open = true;
  try {
    fs.fstatSync(fd);
  } catch {
    open = false;
  }
  server.log('open ' + open + ' address ' + srv.address());
});
