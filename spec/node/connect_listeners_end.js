// A FIN and a reset that wait for 'connect' stand among its listeners at the place where end() and resetAndDestroy() were
// called: seen by what readyState and destroyed are before and after. Rule T7.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const e = actor('end');
const r = actor('reset');
const removed = actor('end, and all listeners removed');

const server = net.createServer((peer) => {
  peer.on('error', () => {});
  peer.resume();
});
let left = 3;
const gone = () => {
  if (--left === 0) server.close();
};

function start(c, then) {
  const sock = net.connect(portOf(server), '127.0.0.1');
  const state = (label) => c.log(label + ' ' + sock.readyState + ' destroyed ' + sock.destroyed);
  sock.on('connect', () => {
    state('before');
    process.nextTick(() => state('tick of before'));
  });
  then(sock);
  sock.on('connect', () => {
    state('after');
    setImmediate(() => state('immediate of after'));
  });
  c.log('connect listeners ' + sock.listenerCount('connect'));
  c.watch(sock, ['ready', 'prefinish', 'finish', 'end', 'error', 'close']);
  sock.on('close', gone);
  return sock;
}

server.listen(0, '127.0.0.1', () => {
  start(e, (sock) => sock.end(e.cb('end')));
  start(r, (sock) => sock.resetAndDestroy());
  const sock = start(removed, (sock) => sock.end());
  sock.removeAllListeners('connect');
  sock.on('ready', () => setTimeout(() => sock.destroy(), 40));
});
