// R22: what connect() throws for bad numbers and addresses: `r22_connect_args` without what a typed
// interface cannot be given.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

function attempt(label, options) {
  const sock = new net.Socket();
  c.watch(sock, ['error', 'close']);
  c.throws(label, () => sock.connect(options));
  c.log('connecting ' + sock.connecting);
}
attempt('connect({port: 70000})', { port: 70000 });
attempt('connect({port: -1})', { port: -1 });
attempt('connect({port: 80, localAddress: foo})', { port: 80, localAddress: 'foo' });
attempt('connect({port: 70000, localAddress: foo})', { port: 70000, localAddress: 'foo' });
