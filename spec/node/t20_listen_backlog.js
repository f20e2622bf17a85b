// S18: backlog, seen on a Unix server by connects that are made before it accepts: EAGAIN when too many wait.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const server = actor('server');

const forms = [
  ['listen(path, 1)', (srv, path) => srv.listen(path, 1)],
  ['listen({ path, backlog: 1 })', (srv, path) => srv.listen({ path, backlog: 1 })],
  ['listen({ path, backlog: 0 })', (srv, path) => srv.listen({ path, backlog: 0 })],
  ['listen({ path, backlog: -1 })', (srv, path) => srv.listen({ path, backlog: -1 })],
  ['listen(path)', (srv, path) => srv.listen(path)],
];
const next = () => {
  if (forms.length === 0) return;
  const [label, listen] = forms.shift();
  const path = tempPath();
  const srv = net.createServer((peer) => {
    peer.end();
    peer.resume();
  });
  srv.on('listening', () => {
    let left = 10;
    let refused = 0;
    for (let i = 0; i < 10; i++) {
      const sock = net.connect(path);
      sock.resume();
      sock.on('error', (err) => refused += err.code === 'EAGAIN' ? 1 : 100);
      sock.on('close', () => {
        if (--left === 0) srv.close();
      });
    }
    srv.on('close', () => {
      server.log(label + ' refused ' + refused);
      next();
    });
  });
  listen(srv, path);
};
next();
