// S17: listen({ fd }) on what cannot listen: 'error' in a tick, no 'close'.
'use strict';
const { execFileSync } = require('child_process');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const { actor, finish, portOf, tempPath } = require('./oracle');
const server = actor('server');

const attempt = (label, fd, then) => {
  const srv = net.createServer();
  server.watch(srv, ['listening', 'error', 'close']);
  srv.on('error', (err) => {
    server.log(label + ' address ' + err.address + ' port ' + err.port + ' syscall ' + err.syscall);
    if (then) then();
  });
  srv.listen({ fd });
  server.log(label + ' listening ' + srv.listening + ' address ' + srv.address());
};
attempt('a file', fs.openSync(__filename));
attempt('a device', fs.openSync('/dev/null'));
const fifo = tempPath();
execFileSync('mkfifo', [fifo]);
attempt('a pipe', fs.openSync(fifo, 'r+'));
fs.unlinkSync(fifo);
const udp = dgram.createSocket('udp4');
udp.bind(0, '127.0.0.1', () => {
  attempt('a datagram socket', udp._handle.fd);
  const tcp = net.createServer();
  tcp.listen(0, '127.0.0.1', () => {
    const client = net.connect(portOf(tcp), '127.0.0.1', () => {
      client.on('error', () => {});
      attempt('a connection', client._handle.fd, finish);
    });
  });
});
