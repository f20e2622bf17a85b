// A custom lookup answered inside another socket's 'data' listener: 'lookup' and 'connectionAttempt'
// happen inside that call, without a tick. Table 1.2.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

let answer = null;
let accepted = 0;
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 1) peer.end('go');
  else server.close();
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const target = net.connect({
    port: portOf(server),
    host: 'some.name',
    autoSelectFamily: false,
    lookup: (host, options, callback) => {
      c.log('lookup called ' + host + ' family ' + options.family + ' all ' + options.all);
      answer = callback;
    },
  });
  c.watch(target, ['lookup', 'connectionAttempt', 'connect', 'ready', 'close']);
  target.on('connect', () => target.end());
  const other = net.connect({ port: portOf(server), host: '127.0.0.1' });
  other.on('data', (chunk) => {
    c.log('other data ' + chunk.length);
    answer(null, '127.0.0.1', 4);
    c.log('answered');
  });
});
