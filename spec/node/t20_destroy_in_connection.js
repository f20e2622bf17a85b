// Table 2: destroy() inside 'connection' after close(): the server's 'close' comes before the socket's.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const both = actor('server and s');

const srv = net.createServer((peer) => {
  both.log('connection');
  peer.on('close', (hadError) => both.log('s.close ' + hadError));
  srv.close(both.cb('close'));
  peer.destroy();
});
srv.on('close', () => both.log('server.close'));
srv.listen(0, '127.0.0.1', () => net.connect({ port: portOf(srv), host: '127.0.0.1' }).resume());
