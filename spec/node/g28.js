// G28, R48: server.close() while one socket is open: the server's 'close' comes before the socket's.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const both = actor('server and s');

let sock = null;
const srv = net.createServer((peer) => {
  peer.on('finish', () => both.log('s.finish'));
  peer.on('close', (hadError) => both.log('s.close ' + hadError));
  peer.resume();
  srv.close(both.cb('close'));
  both.log('close called');
  sock.end();
});
srv.on('close', () => both.log('server.close'));
srv.listen(0, '127.0.0.1', () => {
  sock = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  sock.resume();
});
