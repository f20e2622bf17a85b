'use strict';
// Sockets that come and go: nothing of them stays, in JavaScript or in the machine.
const assert = require('node:assert');
const { test } = require('node:test');
const { run } = require('./child.js');

const flags = ['--expose-gc'];
const limit = 120_000;

test('100,000 connections, made and closed over a path', async () => {
  const { first, last, counters, descriptors } = await run(() => {
    const fs = require('node:fs');
    const net = require('node:net');
    const path = `${process.env.SCRATCH}/s`;
    const left = { cycles: 100_000 };
    const server = net.createServer((socket) => {
      socket.on('data', (chunk) => socket.end(chunk));
    });
    const used = () => {
      gc();
      const { heapUsed, external, rss } = process.memoryUsage();
      return { heap: heapUsed + external, rss };
    };
    let first;
    let finished = 0;
    const one = () => {
      const client = net.connect(path, () => client.write('x'));
      client.resume();
      client.on('close', () => {
        finished++;
        if (finished === 20_000) setImmediate(() => { first = used(); });
        if (--left.cycles >= 50) one();
        else if (left.cycles === 0) server.close();
      });
    };
    server.on('close', async () => {
      // The finalizers of what was collected run in a later turn.
      for (let turns = 0; turns < 20; turns++) {
        gc();
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
      const counters = net[Symbol.for('node-suite.report')]?.();
      report({ first, last: used(), counters, descriptors: fs.readdirSync('/proc/self/fd').length });
    });
    server.listen(path, () => { for (let at = 0; at < 50; at++) one(); });
  }, undefined, { flags, limit });
  assert.ok(last.heap - first.heap < 8 << 20, `the heap has grown by ${last.heap - first.heap} bytes in 80,000`);
  assert.ok(last.rss - first.rss < 64 << 20, `the process has grown by ${last.rss - first.rss} bytes in 80,000`);
  assert.ok(descriptors < 40, `${descriptors} descriptors`);
  if (counters) {
    const { socketsLeft, handlesLeft } = counters;
    assert.ok(socketsLeft <= 50 && handlesLeft === 0, JSON.stringify(counters));
  }
});

test('the machine frees a dropped socket in a program without I/O', async () => {
  const left = await run(async () => {
    const net = require('node:net');
    let collected = 0;
    const registry = new FinalizationRegistry(() => { collected++; });
    for (let at = 0; at < 1000; at++) registry.register(new net.Socket().on('close', () => {}));
    while (collected < 1000) {
      gc();
      await new Promise((resolve) => { setTimeout(resolve, 1); });
    }
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => { setTimeout(resolve, 1); });
    report(net[Symbol.for('node-suite.report')]().socketsLeft);
  }, undefined, { flags, stock: false });
  assert.strictEqual(left, 0);
});

test('100,000 sockets that are made and dropped, unused, or with listeners', async () => {
  const { grown, counters } = await run(async () => {
    const net = require('node:net');
    const turn = () => new Promise((resolve) => { setImmediate(resolve); });
    const some = async (count) => {
      for (let at = 0; at < count; at++) {
        const socket = new net.Socket();
        if (at % 2) socket.on('data', () => socket).once('close', () => socket);
        if (at % 1000 === 0) await turn();
      }
      for (let at = 0; at < 10; at++) {
        gc();
        await new Promise((resolve) => { setTimeout(resolve, 5); });
      }
      return process.memoryUsage().heapUsed;
    };
    const before = await some(20_000);
    const after = await some(80_000);
    // Freed without any I/O; and what comes then still comes.
    const counters = net[Symbol.for('node-suite.report')]?.();
    await new Promise((resolve) => { net.connect(`${process.env.SCRATCH}/nobody`).on('error', resolve); });
    report({ grown: after - before, counters });
  }, undefined, { flags, limit });
  assert.ok(grown < 8 << 20, `the heap has grown by ${grown} bytes in 80,000`);
  if (counters) assert.ok(counters.socketsLeft <= 100, JSON.stringify(counters));
});
