// R32: the default and the given highWaterMark: `r32_high_water_marks` without the option of one side.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const plain = new net.Socket();
c.log('default ' + plain.readableHighWaterMark + ' ' + plain.writableHighWaterMark);
const both = new net.Socket({ highWaterMark: 100 });
c.log('both ' + both.readableHighWaterMark + ' ' + both.writableHighWaterMark);
