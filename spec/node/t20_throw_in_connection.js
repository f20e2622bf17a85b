// R1, table 2: a 'connection' listener throws: the next connection is accepted as usual.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const server = actor('server');

process.on('uncaughtException', (err) => server.log('uncaught ' + errorText(err)));
let accepted = 0;
const srv = net.createServer((peer) => {
  accepted++;
  server.log('connection ' + accepted);
  peer.resume();
  if (accepted === 1) {
    const sock = net.connect({ port: portOf(srv), host: '127.0.0.1' });
    sock.on('connect', () => sock.end());
    throw new Error('boom');
  }
  srv.close(server.cb('close'));
});
srv.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(srv), host: '127.0.0.1' });
  sock.on('connect', () => sock.end());
});
