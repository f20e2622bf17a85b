// F7: the emitter of sockets and servers.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');
const s = actor('s');

const sock = new net.Socket();
const names = (emitter) => emitter.eventNames().filter((name) => name !== 'end').join(',');
const gone = () => c.log('gone');
sock.on('pause', () => c.log('on'));
sock.once('pause', () => c.log('once'));
sock.prependListener('pause', () => c.log('prepended'));
sock.prependOnceListener('pause', () => c.log('prepended once'));
sock.on('pause', gone);
sock.on('timeout', gone);
sock.on('resume', () => c.log('resume'));
c.log('names ' + names(sock) + ' pause ' + sock.listenerCount('pause') + ' close ' + sock.listenerCount('close'));
sock.off('pause', gone);
sock.off('timeout', gone);
c.log('names ' + names(sock) + ' pause ' + sock.listenerCount('pause'));
sock.pause();
c.log('pause ' + sock.listenerCount('pause') + ' listeners ' + sock.listeners('pause').length);
sock.resume();
sock.pause();
sock.removeAllListeners('pause');
c.log('names ' + names(sock));
sock.resume();
sock.pause();
c.log('over');
sock.removeAllListeners('resume');
sock.destroy();

const server = new net.Server();
server.on('close', () => s.log('on'));
server.once('close', () => s.log('once'));
server.prependListener('close', () => s.log('prepended'));
server.prependOnceListener('close', () => s.log('prepended once'));
server.on('error', gone);
s.log('names ' + server.eventNames().join(',') + ' close ' + server.listenerCount('close'));
server.listen(0, '127.0.0.1');
server.on('listening', () => {
  server.close();
  server.on('close', () => s.log('close ' + server.listenerCount('close')));
});
