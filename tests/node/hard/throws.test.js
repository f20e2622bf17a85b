'use strict';
// Listeners that throw: the error is the process's, and what comes after it goes on as if nothing had been.
const assert = require('node:assert');
const { test } = require('node:test');
const { asInNode, run } = require('./child.js');


// A conversation in which the first call of one listener throws, and then one in which none does: what was heard, in Node's
// own net and here.
const program = ({ side, event }) => {
  const net = require('node:net');
  const heard = [];
  process.on('uncaughtException', (error) => heard.push(error.message));
  const watch = (trap, who, emitter, trapped) => {
    for (const name of ['connect', 'ready', 'drain', 'end', 'finish', 'close', 'listening', 'error']) {
      emitter.on(name, () => heard.push(`${trap ? 'first' : 'second'} ${who}: ${name}`));
    }
    if (trapped) emitter.prependOnceListener(event, () => { throw new Error(`thrown in ${event}`); });
  };
  const talk = (path, trap) => {
    const server = net.createServer((socket) => {
      watch(trap, 'accepted', socket, trap && side === 'accepted');
      socket.on('data', () => {});
      socket.on('end', () => socket.end('bye'));
      socket.write(Buffer.alloc(200_000));
    });
    watch(trap, 'server', server, trap && side === 'server');
    server.listen(path);
    const client = net.connect(path);
    watch(trap, 'client', client, trap && side === 'client');
    let read = 0;
    client.on('data', (chunk) => {
      read += chunk.length;
      if (read === 200_000) client.write(Buffer.alloc(300_000), () => client.end());
    });
    setTimeout(() => { client.destroy(); server.close(); }, 600);
  };
  talk(`${process.env.SCRATCH}/1`, true);
  setTimeout(() => talk(`${process.env.SCRATCH}/2`, false), 700);
  process.on('exit', () => report(heard));
};

for (const [side, events] of Object.entries({
  client: ['connect', 'ready', 'data', 'drain', 'end', 'finish', 'close'],
  accepted: ['data', 'end', 'finish', 'close'],
  server: ['listening', 'connection', 'close'],
})) {
  for (const event of events) {
    test(`a listener of '${event}' throws (${side})`, async () => {
      const heard = await asInNode(program, { side, event });
      assert.strictEqual(heard.filter((what) => what === `thrown in ${event}`).length, 1);
    });
  }
}

test('callbacks that throw: of connect, write, end, listen, close, getConnections, lookup', async () => {
  const program = () => {
    const net = require('node:net');
    const thrown = [];
    process.on('uncaughtException', (error) => thrown.push(error.message));
    const fail = (name) => () => { throw new Error(name); };
    const server = net.createServer((socket) => {
      server.getConnections(fail('getConnections'));
      socket.resume();
      socket.on('close', () => server.close(fail('closed')));
    });
    server.listen(`${process.env.SCRATCH}/s`, fail('listening'));
    const client = net.connect(`${process.env.SCRATCH}/s`, fail('connected'));
    client.resume();
    client.write('x', fail('written'));
    client.end('y', fail('ended'));
    process.on('exit', () => report(thrown));
    setTimeout(() => process.exit(), 300);
    net.connect({ port: 1, host: 'name', lookup: fail('lookup') });
  };
  await asInNode(program);
});

test('an `emit` that swallows one event swallows no other', async () => {
  await asInNode(() => {
    const net = require('node:net');
    const heard = [];
    const server = net.createServer((socket) => {
      const { emit } = socket;
      socket.emit = (name, ...args) => (name === 'resume' || name === 'end' ? false : emit.call(socket, name, ...args));
      for (const name of ['resume', 'data', 'end', 'finish', 'close']) socket.on(name, () => heard.push(`accepted: ${name}`));
      setTimeout(() => socket.end('bye'), 50);
    });
    server.listen(`${process.env.SCRATCH}/s`, () => {
      const client = net.connect(server.address());
      for (const name of ['connect', 'ready', 'data', 'end', 'close']) client.on(name, () => heard.push(`client: ${name}`));
      client.end('x');
      client.on('close', () => server.close(() => heard.push('server: close')));
    });
    process.on('exit', () => report(heard));
  });
});

test('without a handler of uncaughtException the process ends with the error', async () => {
  const { code, stderr } = await run(() => {
    const net = require('node:net');
    const server = net.createServer(() => { throw new Error('the last'); });
    server.listen(`${process.env.SCRATCH}/s`, () => net.connect(server.address()));
  }, undefined, { whole: true });
  assert.strictEqual(code, 1);
  assert.match(stderr, /Error: the last/);
});
