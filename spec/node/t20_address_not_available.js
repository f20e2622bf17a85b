// R53: listening on an address that is not ours.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

const srv = net.createServer();
server.watch(srv, ['listening', 'close', 'error']);
srv.on('error', (err) => server.log('keys ' + Object.keys(err).join(',')));
srv.listen(0, '192.0.2.1');
