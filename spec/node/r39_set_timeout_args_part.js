// R39: what setTimeout() refuses, and the timeout property: `r39_set_timeout_args` without what a typed
// interface cannot be given.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.log('timeout ' + sock.timeout);
c.throws('setTimeout(NaN)', () => sock.setTimeout(NaN));
c.log('timeout ' + sock.timeout);
c.throws('setTimeout(-1)', () => sock.setTimeout(-1));
c.log('timeout ' + sock.timeout);
c.throws('setTimeout(-0.5)', () => sock.setTimeout(-0.5));
c.throws('setTimeout(Infinity)', () => sock.setTimeout(Infinity));
c.throws('setTimeout(-Infinity)', () => sock.setTimeout(-Infinity));
c.throws('setTimeout(0)', () => sock.setTimeout(0));
c.log('timeout ' + sock.timeout);
sock.destroy();
sock.setTimeout(50);
c.log('timeout after destroy ' + sock.timeout);
