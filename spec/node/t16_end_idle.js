// Table 1.6: end() on a fresh socket never finishes; destroy() then tells the end callback.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const sock = new net.Socket();
c.watch(sock, ['prefinish', 'finish', 'error', 'close']);
sock.end(c.cb('end'));
c.log('readyState ' + sock.readyState);
setImmediate(() => {
  c.log('destroy');
  sock.destroy();
});
