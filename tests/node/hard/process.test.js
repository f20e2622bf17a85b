'use strict';
// What can happen to the process, the module and its threads.
const assert = require('node:assert');
const path = require('node:path');
const { test } = require('node:test');
const { run } = require('./child.js');

const ours = path.join(__dirname, '..');

test('the process ends with sockets that live, in the middle of their work', async () => {
  const { code, signal, stderr } = await run(() => {
    const net = require('node:net');
    const server = net.createServer((socket) => socket.write(Buffer.alloc(10 << 20)));
    server.listen(`${process.env.SCRATCH}/s`, () => {
      for (let at = 0; at < 20; at++) net.connect(server.address()).once('data', () => { if (at === 19) process.exit(7); });
    });
  }, undefined, { whole: true });
  assert.deepStrictEqual({ code, signal, stderr }, { code: 7, signal: null, stderr: '' });
});

for (const how of ['process.abort', 'throw in exit']) {
  test(`an end that nobody awaits: ${how}`, async () => {
    const { code, signal } = await run((how) => {
      const net = require('node:net');
      const server = net.createServer((socket) => {
        if (how === 'process.abort') process.kill(process.pid, 'SIGTERM');
        process.on('exit', () => { throw new Error('within exit'); });
        socket.destroy();
        process.exit(3);
      });
      server.listen(`${process.env.SCRATCH}/s`, () => net.connect(server.address()));
    }, how, { whole: true });
    assert.ok(signal === 'SIGTERM' || code !== 0, `${code} ${signal}`);
    assert.ok([null, 'SIGTERM'].includes(signal));
  });
}

test('the module is loaded twice: both work, or the second load says why not', async () => {
  const seen = await run((ours) => {
    const first = require(`${ours}/net.js`);
    for (const file of Object.keys(require.cache)) if (file.startsWith(ours)) delete require.cache[file];
    let second;
    try {
      second = require(`${ours}/net.js`);
    } catch (error) {
      second = error;
    }
    const path = `${process.env.SCRATCH}/s`;
    const server = first.createServer((socket) => socket.end('first')).listen(path, () => {
      first.connect(path).on('data', (chunk) => {
        server.close();
        report({ still: String(chunk), second: second instanceof Error ? second.message : 'works' });
      });
    });
  }, ours);
  assert.strictEqual(seen.still, 'first');
  assert.match(seen.second, /works|already/);
});

test('threads have nets of their own, and end while these work', async () => {
  const seen = await run((ours) => {
    const { Worker } = require('node:worker_threads');
    const code = `
      const net = require('${ours}/net.js');
      const { parentPort, workerData } = require('node:worker_threads');
      const server = net.createServer((socket) => socket.pipe(socket)).listen(workerData, () => {
        const client = net.connect(workerData, () => client.write('here'));
        client.on('data', (chunk) => parentPort.postMessage(String(chunk)));
      });`;
    let ended = 0;
    for (let at = 0; at < 8; at++) {
      const worker = new Worker(code, { eval: true, workerData: `${process.env.SCRATCH}/${at}` });
      worker.on('message', () => worker.terminate());
      worker.on('exit', () => { if (++ended === 8) report(ended); });
    }
  }, ours);
  assert.strictEqual(seen, 8);
});
