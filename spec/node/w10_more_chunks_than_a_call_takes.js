// A vectored write goes out 1,024 chunks a system call: one call in the turn, a second one at once that is told of in the
// turn's pending phase, each further one at a next readiness. Asked in 'connect', in an immediate, and in a tick of one.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const c = actor('c');
const NUMBERS = [1023, 1024, 1025, 2048, 2049, 3072, 3073];

let left = NUMBERS.length * 3;
const server = net.createServer((peer) => {
  left--;
  if (left === 0) server.close();
  peer.resume();
});

function many(sock, n, then) {
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  sock.cork();
  for (let i = 1; i < n; i++) sock.write('x');
  sock.write('x', () => {
    done = true;
    c.log(`${n} chunks ${turns} turns`);
    sock.end();
    then();
  });
  sock.uncork();
  process.nextTick(() => c.log(`writableLength ${sock.writableLength}`));
}

const places = [(run) => run(), (run) => setImmediate(run), (run) => setImmediate(() => process.nextTick(run))];
function next(at) {
  if (at === NUMBERS.length * places.length) return;
  const place = places[Math.floor(at / NUMBERS.length)];
  const sock = net.connect({ port: portOf(server), host: '127.0.0.1' });
  sock.on('connect', () => place(() => many(sock, NUMBERS[at % NUMBERS.length], () => next(at + 1))));
}

server.listen(0, '127.0.0.1', () => next(0));
