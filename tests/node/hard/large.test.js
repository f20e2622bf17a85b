'use strict';
// Large reads go into memory that JavaScript has made, before anybody has asked for it.
const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');
const { run } = require('./child.js');

const ours = path.join(__dirname, '..');

// 8 MiB, each four bytes of which say where they stand, over a connection whose reader takes them in its own way.
const program = async ({ take }) => {
  const net = require('node:net');
  const sent = new Uint32Array(2 << 20).map((_, at) => at);
  const path = `${process.env.SCRATCH}/s`;
  const chunks = [];
  const ways = {
    data: (socket) => socket.on('data', (chunk) => chunks.push(chunk)),
    halts: (socket) => socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.pause();
      setImmediate(() => socket.resume());
    }),
    parts: (socket) => socket.on('readable', () => {
      for (let size = 1, chunk; (chunk = socket.read(size) ?? socket.read()) !== null; size = size * 3 % 100_003) chunks.push(chunk);
    }),
    gives: (socket) => socket.on('data', (chunk) => {
      const { buffer, byteOffset, length } = chunk;
      const own = length > 4096;
      chunks.push(own ? Buffer.from(structuredClone(buffer, { transfer: [buffer] }), byteOffset, length) : chunk);
      if (own && chunk.length !== 0) throw new Error('the chunk has its memory still');
    }),
  };
  const server = net.createServer((socket) => {
    socket.write(Buffer.from(sent.buffer));
    socket.end();
  }).listen(path);
  await new Promise((resolve) => { server.once('listening', resolve); });
  const client = net.connect(path);
  ways[take](client);
  await new Promise((resolve) => { client.on('end', resolve); });
  server.close();
  const same = Buffer.concat(chunks).equals(Buffer.from(sent.buffer));
  const whole = chunks.filter((chunk) => chunk.length === 65536).length;
  const alone = chunks.every((chunk) => chunk.length <= 4096 || chunk.buffer.byteLength === chunk.length);
  report({ same, whole, alone });
};

for (const take of ['data', 'halts', 'gives']) {
  test(`8 MiB, taken by ${take}: each chunk keeps what it has, and larger ones have memory of their own`, async () => {
    const { same, whole, alone } = await run(program, { take });
    assert.deepStrictEqual({ same, alone }, { same: true, alone: true });
    assert.ok(whole > 8, `${whole} chunks of 64 KiB`);
  });
}

test('8 MiB, taken in parts', async () => {
  const { same } = await run(program, { take: 'parts' });
  assert.ok(same);
});

test('what was read goes with its chunks', async () => {
  const { external } = await run(() => {
    const net = require('node:net');
    const path = `${process.env.SCRATCH}/s`;
    const server = net.createServer((socket) => socket.pipe(socket)).listen(path, () => {
      const client = net.connect(path);
      let left = 4000 * 65536;
      client.on('data', (chunk) => {
        left -= chunk.length;
        if (left > 0) return;
        client.destroy();
        server.close(async () => {
          for (let turns = 0; turns < 20; turns++) {
            gc();
            await new Promise((resolve) => { setImmediate(resolve); });
          }
          report(process.memoryUsage());
        });
      });
      const block = Buffer.alloc(65536);
      let sent = 0;
      const more = () => { while (sent++ < 4000 && client.write(block)); };
      client.on('drain', more);
      more();
    });
  }, undefined, { flags: ['--expose-gc'], limit: 60_000 });
  assert.ok(external < 8 << 20, `${external} bytes are left`);
});

test('a thread ends while it reads much', async () => {
  const ended = await run((ours) => {
    const { Worker } = require('node:worker_threads');
    const code = `
      const net = require('${ours}/net.js');
      const { parentPort, workerData } = require('node:worker_threads');
      const kept = [];
      const server = net.createServer((socket) => socket.pipe(socket)).listen(workerData, () => {
        const client = net.connect(workerData, () => client.write(Buffer.alloc(1 << 20)));
        client.on('data', (chunk) => {
          client.write(chunk);
          if (kept.push(chunk) === 50) parentPort.postMessage('here');
        });
      });`;
    let ended = 0;
    for (let at = 0; at < 4; at++) {
      const worker = new Worker(code, { eval: true, workerData: `${process.env.SCRATCH}/${at}` });
      worker.on('message', () => worker.terminate());
      worker.on('exit', () => { if (++ended === 4) report(ended); });
    }
  }, ours, { limit: 60_000 });
  assert.strictEqual(ended, 4);
});
