// R21c: with an encoding read(n), readableLength and the chunks count UTF-16 units; read(n) can cut a surrogate pair; a
// second setEncoding() leaves what is text already and drops the character that was begun; at EOF what was begun is kept
// as one more chunk.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const c = actor('c');

const shown = (text) => (text === null ? 'null' : text.length + ' ' + text.toWellFormed());
let peer = null;
const server = net.createServer((accepted) => {
  server.close();
  peer = accepted;
  peer.resume();
  peer.write(Buffer.from('61f09d849ec3', 'hex'));
});
server.listen(0, '127.0.0.1', () => {
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  c.watch(sock, ['readable', 'end', 'close']);
  sock.setEncoding('utf8');
  const read = (n) => c.log('read(' + n + ') ' + shown(sock.read(n)) + ' left ' + sock.readableLength);
  when(() => sock.bytesRead === 6, () => {
    c.log('readableLength ' + sock.readableLength);
    read(4);
    read(2);
    peer.write(Buffer.from('a9e282ac62e2', 'hex'));
    when(() => sock.bytesRead === 12, () => {
      read(2);
      sock.setEncoding('latin1');
      sock.setEncoding('hex');
      c.log('readableLength ' + sock.readableLength);
      peer.write(Buffer.from('0aff', 'hex'));
      when(() => sock.bytesRead === 14, () => {
        read(2);
        read();
        sock.setEncoding('base64');
        peer.write(Buffer.from('61626364', 'hex'));
        when(() => sock.bytesRead === 18, () => {
          c.log('readableLength ' + sock.readableLength);
          peer.end();
          when(() => sock._readableState.ended, () => {
            c.log('readableLength ' + sock.readableLength);
            read(5);
            read();
            read();
          });
        });
      });
    });
  });
});
