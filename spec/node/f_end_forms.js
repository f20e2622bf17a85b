// F10: the forms of write and end.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const peerLog = actor('peer');

const forms = [
  ['end()', (sock) => sock.end()],
  ['end(cb)', (sock) => sock.end(c.cb('end(cb)'))],
  ['end(data)', (sock) => sock.end('abc')],
  ['end(data, cb)', (sock) => sock.end('abc', c.cb('end(data, cb)'))],
  ['end(data, encoding)', (sock) => sock.end('616263', 'hex')],
  ['end(data, encoding, cb)', (sock) => sock.end('616263', 'hex', c.cb('end(data, encoding, cb)'))],
  ['end(Uint8Array)', (sock) => sock.end(new Uint8Array([1, 2]))],
  ['end(Buffer, cb)', (sock) => sock.end(Buffer.from([1]), c.cb('end(Buffer, cb)'))],
  ['write', (sock) => {
    sock.write('é');
    sock.write('é', 'latin1');
    sock.write(Buffer.from([1, 2, 3]), c.cb('write(Buffer, cb)'));
    sock.write(new Uint8Array([4]));
    sock.write('6162', 'hex', c.cb('write(data, encoding, cb)'));
    sock.write('YWI=', 'base64');
    sock.end();
  }],
];
const server = net.createServer((peer) => {
  let all = Buffer.alloc(0);
  peer.on('data', (chunk) => { all = Buffer.concat([all, chunk]); });
  peer.on('end', () => peerLog.log(all.toString('hex')));
});
server.listen(0, '127.0.0.1', () => (function next() {
  if (forms.length === 0) {
    server.close();
    return;
  }
  const [label, end] = forms.shift();
  const sock = net.connect(portOf(server), '127.0.0.1');
  sock.resume();
  sock.on('close', next);
  sock.on('ready', () => {
    end(sock);
    c.log(label + ' ended ' + sock.writableEnded);
  });
  sock.on('finish', () => c.log('finish'));
})());
