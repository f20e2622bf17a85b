// S24: a server that is unref'ed, before or after it listens, keeps nothing alive; ref takes it back.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const before = net.createServer();
before.unref();
before.listen(0, '127.0.0.1');
const after = net.createServer();
after.listen(0, '127.0.0.1', () => after.unref());
const again = net.createServer();
again.listen(0, () => again.close());
again.unref();
again.ref();
for (const srv of [before, after, again]) server.watch(srv, ['listening', 'error', 'close']);
setTimeout(() => server.log('listening ' + before.listening + ' ' + after.listening + ' ' + again.listening), 20);
