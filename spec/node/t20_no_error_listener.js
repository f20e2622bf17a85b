// Table 2: a listen error without a listener is an uncaught exception.
'use strict';
const net = require('net');
const { actor, errorText, portOf } = require('./oracle');
const server = actor('server');

process.on('uncaughtException', (err) => server.log('uncaught ' + errorText(err)));
const other = net.createServer();
other.listen(0, '127.0.0.1', () => {
  const srv = net.createServer();
  srv.listen(portOf(other), '127.0.0.1');
  setImmediate(() => other.close());
});
