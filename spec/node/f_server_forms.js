// F6: the ways to a server.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');

const forms = [
  ['createServer(cb)', (cb) => net.createServer(cb)],
  ['createServer({}, cb)', (cb) => net.createServer({}, cb)],
  ['new Server(cb)', (cb) => new net.Server(cb)],
  ['new Server({allowHalfOpen}, cb)', (cb) => new net.Server({ allowHalfOpen: true }, cb)],
  ['new Server()', (cb) => new net.Server().on('connection', cb)],
];
(function next() {
  if (forms.length === 0) return;
  const [label, make] = forms.shift();
  const server = make((peer) => {
    c.log(label + ' connection, half open ' + peer.allowHalfOpen);
    server.close(next);
    peer.destroy();
  });
  c.log(label + ' listeners ' + server.listenerCount('connection') + ' listening ' + server.listening);
  server.listen(0, '127.0.0.1', () => net.connect(portOf(server), '127.0.0.1').on('error', () => {}).resume());
})();
