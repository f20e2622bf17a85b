// R21c: each encoding, the bytes arriving in three chunks that cut characters, groups and pairs. setEncoding(null) is utf8.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');

const CHUNKS = ['34d834', 'd81eddc3a9f09d', '849ee2'];
const BYTES = [3, 10, 13];
for (const encoding of [null, 'utf16le', 'latin1', 'ascii', 'base64', 'base64url', 'hex']) {
  const c = actor(String(encoding));
  let peer = null;
  const server = net.createServer((accepted) => {
    server.close();
    peer = accepted;
    peer.resume();
  });
  server.listen(0, '127.0.0.1', () => {
    const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
    sock.setEncoding(encoding);
    sock.on('data', (text) => c.log('data ' + text.length + ' ' + Buffer.from(text.toWellFormed()).toString('hex')));
    c.watch(sock, ['end', 'close']);
    const send = (at) => {
      if (at === CHUNKS.length) return peer.end();
      peer.write(Buffer.from(CHUNKS[at], 'hex'));
      when(() => sock.bytesRead === BYTES[at], () => send(at + 1));
    };
    when(() => peer !== null && !sock.connecting, () => send(0));
  });
}
