// Table 2: a second listen() while the first lookup is pending does not throw; the newest wins.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'error', 'close']);
srv.listen(0, '127.0.0.1', () => server.log('listen callback 1'));
srv.listen(0, '127.0.0.2', () => server.log('listen callback 2'));
srv.on('listening', () => server.log('address ' + srv.address().address));
setImmediate(() => srv.close());
