// F1, F2, F3: the forms of net.connect and socket.connect, and the names that are one thing.
'use strict';
const net = require('net');
const { actor, portOf, tempPath } = require('./oracle');
const c = actor('c');

c.log('connect is createConnection ' + (net.connect === net.createConnection));
c.log('Stream is Socket ' + (net.Stream === net.Socket));

const path = tempPath();
const tcp = net.createServer((peer) => peer.resume());
const unix = new net.Server();
unix.on('connection', (peer) => peer.resume());

tcp.listen(0, '127.0.0.1', () => unix.listen(path, () => {
  const port = portOf(tcp);
  const forms = [
    ['connect(port, host, cb)', (cb) => net.connect(port, '127.0.0.1', cb)],
    ['connect({port, host}, cb)', (cb) => net.connect({ port, host: '127.0.0.1' }, cb)],
    ['connect({port: "port", host}, cb)', (cb) => net.connect({ port: String(port), host: '127.0.0.1' }, cb)],
    ['connect("port", host, cb)', (cb) => net.connect(String(port), '127.0.0.1', cb)],
    ['connect(path, cb)', (cb) => net.connect(path, cb)],
    ['connect({path}, cb)', (cb) => net.connect({ path }, cb)],
    ['createConnection(port, host, cb)', (cb) => net.createConnection(port, '127.0.0.1', cb)],
    ['socket.connect(port, host, cb)', (cb) => new net.Socket().connect(port, '127.0.0.1', cb)],
    ['socket.connect(path, cb)', (cb) => new net.Socket().connect(path, cb)],
    ['socket.connect({path, port}, cb)', (cb) => new net.Socket().connect({ path, port }, cb)],
  ];
  (function next() {
    if (forms.length === 0) {
      tcp.close();
      unix.close();
      return;
    }
    const [label, connect] = forms.shift();
    const sock = connect(() => c.log(label + ' listener'));
    c.log(label + ' listeners ' + sock.listenerCount('connect'));
    c.watch(sock, ['connect', 'close']);
    sock.on('connect', () => {
      c.log('left ' + sock.listenerCount('connect') + ' path ' + (sock.remoteAddress === undefined));
      sock.destroy();
    });
    sock.on('close', next);
  })();
}));
