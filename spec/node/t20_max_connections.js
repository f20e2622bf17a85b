// S23: maxConnections below 0 drops every connection; it can be changed, and 0 takes the bound away again.
'use strict';
const net = require('net');
const { actor, maskPort, portOf } = require('./oracle');
const server = actor('server');

const srv = net.createServer((peer) => {
  peer.resume();
});
srv.maxConnections = -1;
server.watch(srv, ['connection', 'close']);
srv.on('drop', (data) => server.log('drop ' + Object.keys(data).join(',')));
srv.listen(0, '127.0.0.1', () => {
  const bounds = [1, 1, 0, -5, null];
  const socks = [];
  const next = () => {
    if (bounds.length === 0) {
      srv.close();
      for (const sock of socks) sock.destroy();
      return;
    }
    const sock = net.connect(portOf(srv), '127.0.0.1');
    sock.on('error', () => {});
    sock.resume();
    socks.push(sock);
    const go = () => {
      srv.maxConnections = bounds.shift();
      server.log('maxConnections ' + srv.maxConnections);
      setImmediate(next);
    };
    let gone = false;
    srv.once('drop', () => {
      if (!gone) go();
      gone = true;
    });
    srv.once('connection', () => {
      if (!gone) go();
      gone = true;
    });
  };
  next();
});
