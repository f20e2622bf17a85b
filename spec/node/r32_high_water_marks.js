// R32: the default and the given highWaterMarks.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const plain = new net.Socket();
c.log('default ' + plain.readableHighWaterMark + ' ' + plain.writableHighWaterMark);
const both = new net.Socket({ highWaterMark: 100 });
c.log('both ' + both.readableHighWaterMark + ' ' + both.writableHighWaterMark);
const each = new net.Socket({ readableHighWaterMark: 1, writableHighWaterMark: 2 });
c.log('each ' + each.readableHighWaterMark + ' ' + each.writableHighWaterMark);
