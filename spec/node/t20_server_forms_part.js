// S26: new net.Server and net.createServer take options, a listener, both or neither.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const listener = (peer) => {
  server.log('listener allowHalfOpen ' + peer.allowHalfOpen + ' marks ' + peer.readableHighWaterMark + ' ' +
    peer.writableHighWaterMark + ' isPaused ' + peer.isPaused());
  peer.end();
  peer.resume();
};
const forms = [
  ['new Server()', new net.Server()],
  ['new Server(listener)', new net.Server(listener)],
  ['new Server({}, listener)', new net.Server({}, listener)],
  ['createServer()', net.createServer()],
  ['createServer(listener)', net.createServer(listener)],
  ['createServer(null, listener)', net.createServer(null, listener)],
  ['createServer({ allowHalfOpen }, listener)', net.createServer({ allowHalfOpen: true }, listener)],
  ['createServer({ pauseOnConnect }, listener)', net.createServer({ pauseOnConnect: true }, listener)],
  ['createServer({ highWaterMark: 0 }, listener)', net.createServer({ highWaterMark: 0 }, listener)],
];
const next = () => {
  if (forms.length === 0) return;
  const [label, srv] = forms.shift();
  server.log(label + ' listeners ' + srv.listenerCount('connection') + ' listening ' + srv.listening +
    ' address ' + srv.address());
  if (srv.listenerCount('connection') === 0) return next();
  srv.listen(0, '127.0.0.1', () => {
    const sock = net.connect(portOf(srv), '127.0.0.1');
    sock.resume();
    sock.on('close', () => srv.close(next));
  });
};
next();
