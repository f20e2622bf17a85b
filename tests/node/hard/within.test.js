'use strict';
// A socket that is destroyed, or connected again, within a listener, whichever it is: all that is heard after it, and whether
// the process ends by itself, is as in Node.
const assert = require('node:assert');
const { test } = require('node:test');
const { asInNode, run } = require('./child.js');

const LONG = 2000;

const program = ({ where, side, event, act, LONG }) => {
  const net = require('node:net');
  const heard = [];
  const names = ['lookup', 'connectionAttempt', 'connect', 'ready', 'drain', 'end', 'prefinish', 'finish', 'error', 'close',
                 'listening', 'connection', 'pause', 'resume'];
  const watch = (who, emitter) => {
    for (const name of names) {
      emitter.on(name, (what) => {
        heard.push(`${who}: ${name} ${what?.code ?? (typeof what === 'boolean' ? what : '')}`);
      });
    }
    if (who !== side) return;
    emitter.once(event, () => {
      heard.push(`${act} in ${event}`);
      if (act === 'connect') client.connect(to());
      else if (act === 'close') server.close();
      else emitter.destroy(act === 'fail' ? new Error('failed') : undefined);
      if (emitter !== server) heard.push(`${emitter.readyState} ${emitter.pending} ${emitter.destroyed}`);
    });
  };
  const server = net.createServer((socket) => {
    watch('accepted', socket);
    socket.on('data', () => {});
    socket.write(Buffer.alloc(100_000));
    socket.end();
  });
  watch('server', server);
  const lookup = (host, options, done) => setImmediate(done, null, [{ address: '127.0.0.1', family: 4 }]);
  const path = `${process.env.SCRATCH}/s`;
  const to = () => (where === 'path' ? path : { port: server.address().port, host: 'name', lookup });
  let client;
  server.listen(where === 'path' ? path : 0, () => {
    server.unref();
    client = new net.Socket();
    watch('client', client);
    client.on('data', () => {});
    if (!server.listening) return;
    client.connect(to());
    client.write(Buffer.alloc(200_000));
  });
  let end = 'ended by itself';
  setTimeout(() => {
    end = 'lives on';
    process.exit();
  }, LONG).unref();
  process.on('exit', () => report([...heard, end]));
};

const events = ['connect', 'ready', 'data', 'drain', 'end', 'prefinish', 'finish', 'resume', 'close'];
const cases = [];
for (const where of ['path', 'port']) {
  const early = where === 'port' ? ['lookup', 'connectionAttempt'] : [];
  for (const act of ['destroy', 'fail', 'connect']) {
    for (const event of [...early, ...events]) cases.push({ where, side: 'client', event, act });
  }
  for (const act of ['destroy', 'fail']) {
    for (const event of ['data', 'end', 'prefinish', 'finish', 'resume', 'close']) cases.push({ where, side: 'accepted', event, act });
  }
  for (const event of ['listening', 'connection', 'close']) cases.push({ where, side: 'server', event, act: 'close' });
}

// Here Node throws a TypeError of its own (row D2).
const broken = ({ event, act }) => event === 'connectionAttempt' && act !== 'connect';
// Node forgets a request to connect to a path when another is made while it is under way, and lives for ever (row D80).
const forgotten = ({ where, side, event, act }) => where === 'path' && side === 'client' && act === 'connect' && event === 'resume';

for (const given of cases.filter((each) => !broken(each) && !forgotten(each))) {
  const { where, side, event, act } = given;
  test(`${act} within '${event}' (${side}, a ${where})`, () => asInNode(program, { ...given, LONG }));
}

for (const given of cases.filter(broken)) {
  test(`${given.act} within 'connectionAttempt', where Node throws a TypeError (D2)`, async () => {
    const heard = await run(program, { ...given, LONG }, { stock: false });
    assert.deepStrictEqual(heard.slice(-2), [`client: close ${given.act === 'fail'}`, 'ended by itself']);
  });
}

test('two connects to a path at once: the process ends, where Node does not (D80)', async () => {
  const given = { ...cases.find(forgotten), LONG };
  const [actual, stock] = await Promise.all([false, true].map((stock) => run(program, given, { stock })));
  assert.strictEqual(actual.at(-1), 'ended by itself');
  assert.strictEqual(stock.at(-1), 'lives on');
  assert.deepStrictEqual(actual.slice(0, -1), stock.slice(0, -1));
});
