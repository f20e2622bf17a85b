// G27, R48: close(cb) on a server that never listened, and twice on one that did.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const fresh = actor('fresh');
const twice = actor('twice');

const a = net.createServer();
fresh.watch(a, ['close', 'error']);
a.close(fresh.cb('close'));
fresh.log('close called');

const b = net.createServer();
twice.watch(b, ['listening', 'close', 'error']);
b.listen(0, '127.0.0.1', () => {
  b.close(twice.cb('close 1'));
  b.close(twice.cb('close 2'));
  twice.log('close called twice');
});
