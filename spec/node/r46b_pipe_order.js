// R46b: where pipe()'s listeners stand among the user's; unpipe(dest) and unpipe(); end: false; an error of the destination.
'use strict';
const net = require('net');
const { actor, portOf, when } = require('./oracle');
const src = actor('src');
const dest = actor('dest');

const EVENTS = ['data', 'end', 'close'];
const DEST_EVENTS = ['pipe', 'unpipe', 'drain', 'error', 'finish', 'close'];
const counts = (emitter, events) => events.map((event) => emitter.listenerCount(event)).join(' ');
let accepted = 0;
const peers = [];
const server = net.createServer((peer) => {
  accepted++;
  if (accepted === 2) server.close();
  peers.push(peer);
  peer.resume();
});
server.listen(0, '127.0.0.1', () => {
  const to = { port: portOf(server), host: '127.0.0.1' };
  const a = net.connect(to, () => {
    const b = net.connect(to, () => {
      dest.watch(b, ['error']);
      a.pipe(b, { end: false });
      src.watch(a, ['data', 'pause', 'resume', 'end', 'finish', 'close']);
      dest.watch(b, ['pipe', 'unpipe', 'finish', 'close']);
      src.log('counts ' + counts(a, EVENTS) + ' dest ' + counts(b, DEST_EVENTS));
      a.unpipe(b);
      src.log('counts ' + counts(a, EVENTS) + ' dest ' + counts(b, DEST_EVENTS));
      a.pipe(b, { end: false });
      a.pipe(b, { end: false });
      a.unpipe();
      src.log('counts ' + counts(a, EVENTS) + ' dest ' + counts(b, DEST_EVENTS));
      a.unpipe(b);
      a.pipe(b);
      when(() => peers.length === 2, () => {
        peers[0].write('hello');
        when(() => b.bytesWritten === 5, () => {
          src.log('bytesWritten ' + b.bytesWritten);
          b.destroy(new Error('boom'));
          b.on('close', () => setImmediate(() => {
            src.log('isPaused ' + a.isPaused() + ' counts ' + counts(a, EVENTS));
            a.destroy();
          }));
        });
      });
    });
  });
});
