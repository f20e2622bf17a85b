// S6: listening on an IPv6 address with a zone: an address, without a lookup. A zone that is no interface is as none.
// Errors name the address as it was given.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const hosts = ['::1%lo', '::1%nope', '0:0:0:0:0:0:0:1%lo', '::%lo', 'fe80::ffff%lo', 'fe80::ffff%nope'];
const server = net.createServer();

function listen(host, port, then) {
  const srv = net.createServer();
  const end = port === 0 ? host : host + ':' + port;
  srv.on('error', (err) => {
    c.log(`${host}: ${err.code} ${err.address} ${err.port === undefined} ${err.message.endsWith(' ' + end)}`);
    then();
  });
  srv.on('listening', () => {
    c.log(host + ': listening ' + srv.address().address);
    srv.close(then);
  });
  srv.listen({ port, host });
  c.log(host + ': called ' + srv.listening);
}

server.listen(0, '::1', function next() {
  if (hosts.length > 0) return listen(hosts.shift(), 0, next);
  listen('0:0:0:0:0:0:0:1%lo', portOf(server), () => server.close());
});
