// Table 1.6: end() after destroy(): the first end(cb) never calls back; a second one does, and so
// does end(data, cb).
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const first = actor('first without data');
const data = actor('first with data');

const a = new net.Socket();
first.watch(a, ['error', 'finish', 'close']);
a.destroy();
a.end(first.cb('end 1'));
a.end(first.cb('end 2'));
first.log('writableEnded ' + a.writableEnded);
const b = new net.Socket();
data.watch(b, ['error', 'finish', 'close']);
b.destroy();
b.end('x', data.cb('end 1'));
b.end(data.cb('end 2'));
data.log('writableEnded ' + b.writableEnded);
