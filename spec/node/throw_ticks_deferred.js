// After a throw the queued ticks wait for the end of the next callback: when two sockets become
// readable in one poll and the first listener throws, the second socket's data is delivered before
// the tick that was queued before the throw. Rule R1.
'use strict';
const net = require('net');
const { actor, errorText, portOf, when } = require('./oracle');
const c = actor('c');

let calls = 0;
function onData() {
  calls++;
  if (calls === 1) {
    c.log('first data');
    process.nextTick(() => c.log('first tick'));
    throw new Error('boom');
  }
  c.log('second data');
  process.nextTick(() => c.log('second tick'));
}

const peers = [];
const server = net.createServer((peer) => {
  peers.push(peer);
  if (peers.length === 2) server.close();
});
server.listen(0, '127.0.0.1', () => {
  process.on('uncaughtException', (err) => c.log('uncaught ' + errorText(err)));
  const a = net.connect({ port: portOf(server), host: '127.0.0.1' });
  const b = net.connect({ port: portOf(server), host: '127.0.0.1' });
  a.on('data', onData);
  b.on('data', onData);
  when(() => peers.length === 2 && !a.connecting && !b.connecting, () => {
    peers[0].end('x');
    peers[1].end('y');
  });
});
