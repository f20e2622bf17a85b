// Table 1.6: destroy() and destroy(err) on fresh sockets: 'close' in a tick, without an argument.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const plain = actor('plain');
const error = actor('error');

const a = new net.Socket();
plain.watch(a, ['error', 'close']);
a.destroy();
plain.log('destroyed ' + a.destroyed + ' closed ' + a.closed);
const b = new net.Socket();
error.watch(b, ['error', 'close']);
b.destroy(new Error('boom'));
error.log('destroyed ' + b.destroyed + ' closed ' + b.closed);
