'use strict';
// 'data' takes a way of its own from the machine to its listeners. What is heard on it, and in which order, is as in Node:
// with several listeners, with another `emit`, with failures, with ticks and microtasks between.
const assert = require('node:assert');
const { test } = require('node:test');
const { asInNode, run } = require('./child.js');

const program = ({ act }) => {
  const net = require('node:net');
  const heard = [];
  const say = (what) => heard.push(String(what));
  process.on('uncaughtException', (error) => say(`uncaught ${error.message}`));
  const acts = {
    several(socket) {
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        process.nextTick(say, 'tick');
        Promise.resolve().then(() => say('microtask'));
        socket.write('a', () => say('written a'));
        process.nextTick(say, 'tick after a write');
      });
      socket.once('data', (chunk) => say(`once ${chunk} ${socket.listenerCount('data')}`));
      socket.prependListener('data', (chunk) => say(`before ${chunk}`));
      const gone = () => say('gone');
      socket.on('data', () => socket.off('data', gone));
      socket.on('data', gone);
    },
    fails(socket) {
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        process.nextTick(say, 'tick before the failure');
        socket.write('a', () => say('written a'));
        if (`${chunk}` === '2') throw new Error('in data');
      });
      socket.on('data', (chunk) => say(`two ${chunk}`));
    },
    emits(socket) {
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        if (`${chunk}` === '1') say(socket.emit('data', 'by hand'));
      });
      socket.on('data', (chunk) => say(`two ${chunk}`));
    },
    replaced(socket) {
      const { emit } = socket;
      socket.emit = function(name, ...args) {
        if (name !== 'data') return Reflect.apply(emit, this, [name, ...args]);
        say(`emit ${args[0]}`);
        this.pause();
        const had = `${args[0]}` === '2' ? 'kept from them' : Reflect.apply(emit, this, [name, ...args]);
        this.resume();
        say(`emit gave ${had}`);
        return had;
      };
      socket.on('data', (chunk) => say(`one ${chunk}`));
      socket.once('data', (chunk) => say(`once ${chunk}`));
      socket.on('data', (chunk) => say(`two ${chunk}`));
    },
    replacedFails(socket) {
      const { emit } = socket;
      socket.emit = function(name, ...args) {
        if (name !== 'data') return Reflect.apply(emit, this, [name, ...args]);
        if (`${args[0]}` === '1') throw new Error('before');
        Reflect.apply(emit, this, [name, ...args]);
        throw new Error('after');
      };
      socket.on('data', (chunk) => say(`one ${chunk}`));
    },
    replacedBetween(socket) {
      const { emit } = socket;
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        socket.emit = function(name, ...args) {
          if (name === 'data') say('the other emit');
          return Reflect.apply(emit, this, [name, ...args]);
        };
      });
      socket.on('data', (chunk) => say(`two ${chunk}`));
    },
    onPrototype(socket) {
      const { emit } = net.Socket.prototype;
      net.Socket.prototype.emit = function(name, ...args) {
        if (name === 'data' && this === socket) say(`emit ${args[0]}`);
        return Reflect.apply(emit, this, [name, ...args]);
      };
      socket.on('data', (chunk) => say(`one ${chunk}`));
    },
    destroys(socket) {
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        if (`${chunk}` === '2') socket.destroy();
      });
      socket.on('data', (chunk) => say(`two ${chunk} ${socket.destroyed}`));
    },
    pauses(socket) {
      socket.on('data', (chunk) => {
        say(`one ${chunk}`);
        socket.pause();
        setImmediate(() => socket.resume());
      });
      socket.on('data', (chunk) => say(`two ${chunk} ${socket.isPaused()}`));
    },
    rejects(socket) {
      socket.on('error', (error) => say(`error ${error.message}`));
      socket.on('data', async (chunk) => {
        say(`one ${chunk}`);
        throw new Error('rejected');
      });
    },
  };
  const server = net.createServer((socket) => {
    acts[act](socket);
    socket.on('error', () => {}).on('close', () => say('close')).on('end', () => say('end'));
  });
  if (act === 'rejects') require('node:events').captureRejections = true;
  const path = `${process.env.SCRATCH}/s`;
  server.listen(path, () => {
    const client = net.connect(path, () => client.write('1'));
    client.on('error', () => {}).resume();
    // The next byte goes when the last one was heard, or nobody is there to hear it, and nothing has moved since.
    const later = (then, before = heard.length, still = 0, looks = 0) => setImmediate(() => {
      const moves = heard.length !== before;
      const waits = looks === 0 || (still < 50 && looks < 2000);
      if (waits) later(then, heard.length, moves ? 1 : still && still + 1, looks + 1);
      else then();
    });
    client.on('connect', () => later(() => {
      client.write('2');
      later(() => {
        client.write('3');
        later(() => {
          client.destroy();
          server.close(() => report(heard));
        });
      });
    }));
  });
};

for (const act of ['several', 'fails', 'emits', 'replaced', 'replacedFails', 'replacedBetween', 'onPrototype', 'destroys',
                   'pauses', 'rejects']) {
  test(`'data' with ${act}`, async () => {
    const heard = await asInNode(program, { act });
    assert.ok(heard.length >= 2, String(heard));
  });
}

test('chunks are Buffers that nothing writes into again, whatever becomes of their memory', async () => {
  const { wrong, count, kinds } = await run(() => {
    const net = require('node:net');
    const kept = [];
    const path = `${process.env.SCRATCH}/s`;
    const sizes = [1, 63, 64, 65, 100, 4095, 4096, 4097, 8191, 8192, 8193, 65536, 100_000];
    const fill = (at, size) => Buffer.alloc(size, at % 251 + 1);
    let at = 0;
    const kinds = new Set();
    const server = net.createServer((socket) => {
      socket.on('data', (chunk) => {
        const { length } = chunk;
        kinds.add(Object.getPrototypeOf(chunk) === Buffer.prototype && Buffer.isBuffer(chunk));
        kept.push({ chunk, value: chunk[0] });
        // A program gives the memory away, if it is allowed to.
        if (at % 7 === 0) {
          try {
            structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
          } catch {
            // It is not.
          }
          kept.pop();
        }
        socket.write(Buffer.alloc(length));
      });
      socket.on('end', () => socket.end());
    });
    server.listen(path, () => {
      const client = net.connect(path);
      let due = 0;
      const next = () => {
        if (at === 400) return client.end();
        const size = sizes[at % sizes.length];
        due = size;
        client.write(fill(at++, size));
      };
      client.on('connect', next);
      client.on('data', ({ length }) => {
        due -= length;
        if (due === 0) next();
      });
      client.on('close', () => {
        server.close();
        const whole = kept.filter(({ chunk }) => chunk.length > 0);
        const wrong = whole.filter(({ chunk, value }) => chunk.some((byte) => byte !== value)).length;
        report({ wrong, count: whole.length, kinds: [...kinds] });
      });
    });
  });
  assert.deepStrictEqual({ wrong, kinds }, { wrong: 0, kinds: [true] });
  assert.ok(count > 300, `${count} chunks`);
});
