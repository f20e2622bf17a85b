'use strict';
// The packages redis and ioredis against a redis-server of their own.
const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { test } = require('node:test');
const { createClient } = require('redis');
const Redis = require('ioredis');
const { needsRedis, redisServer } = require('./help.js');

const options = { skip: needsRedis() };

// Errors that come before it are no failure.
const next = (emitter, name) => new Promise((resolve) => { emitter.once(name, resolve); });

for (const kind of ['port', 'path']) {
  test(`redis on a ${kind}`, options, async (t) => {
    const server = await redisServer(kind);
    const client = createClient({ socket: server.at });
    await client.connect();

    await t.test('values of every size', async () => {
      for (const size of [0, 1, 65_536, 8 << 20]) {
        const value = randomBytes(size).toString('base64');
        await client.set('key', value);
        assert.strictEqual(await client.get('key'), value);
      }
    });

    await t.test('a pipeline of 10,000 commands, and a transaction', async () => {
      const counts = await Promise.all(Array.from({ length: 10_000 }, () => client.incr('count')));
      assert.deepStrictEqual(counts, Array.from({ length: 10_000 }, (_, at) => at + 1));
      assert.deepStrictEqual(await client.multi().set('a', '1').incr('a').get('a').exec(), ['OK', 2, '2']);
    });

    await t.test('published and heard', async () => {
      const subscriber = client.duplicate();
      await subscriber.connect();
      const heard = [];
      let all;
      const done = new Promise((resolve) => { all = resolve; });
      await subscriber.subscribe('news', (message) => {
        heard.push(message);
        if (heard.length === 1000) all();
      });
      for (let at = 0; at < 1000; at++) client.publish('news', String(at));
      await done;
      assert.deepStrictEqual(heard, Array.from({ length: 1000 }, (_, at) => String(at)));
      await subscriber.close();
    });

    await t.test('a command that blocks, until another connection lets it go', async () => {
      const other = await client.duplicate().connect();
      const popped = other.blPop('list', 0);
      await client.rPush('list', 'there');
      assert.deepStrictEqual({ ...await popped }, { key: 'list', element: 'there' });
      await other.close();
    });

    await t.test('the connection is cut, and made again', async () => {
      client.on('error', () => {});
      const again = next(client, 'ready');
      const other = await client.duplicate().connect();
      await other.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
      await again;
      assert.strictEqual(await client.get('a'), '2');
      await other.close();
    });

    await client.close();
    await server.stop();
  });

  test(`ioredis on a ${kind}`, options, async (t) => {
    const server = await redisServer(kind);
    const client = new Redis({ ...server.at, retryStrategy: () => 10, maxRetriesPerRequest: 0 });
    client.on('error', () => {});

    await t.test('values, as bytes', async () => {
      for (const size of [0, 1, 65_536, 8 << 20]) {
        const value = randomBytes(size);
        await client.set('key', value);
        assert.ok(value.equals(await client.getBuffer('key')));
      }
    });

    await t.test('a pipeline, and a script', async () => {
      const pipeline = client.pipeline();
      for (let at = 0; at < 5000; at++) pipeline.set(`k${at}`, at).get(`k${at}`);
      const answers = await pipeline.exec();
      assert.strictEqual(answers.length, 10_000);
      assert.ok(answers.every(([error, value], at) => error === null && value === (at % 2 ? String(at >> 1) : 'OK')));
      assert.strictEqual(await client.eval('return ARGV[1] + 1', 0, 41), 42);
    });

    await t.test('patterns heard, and what MONITOR sees', async () => {
      const subscriber = client.duplicate();
      await subscriber.psubscribe('n*');
      const heard = once(subscriber, 'pmessage');
      await client.publish('news', 'big');
      assert.deepStrictEqual(await heard, ['n*', 'news', 'big']);
      subscriber.disconnect();
      const monitor = await client.monitor();
      const seen = once(monitor, 'monitor');
      await client.echo('hello');
      assert.deepStrictEqual((await seen)[1], ['echo', 'hello']);
      monitor.disconnect();
    });

    await t.test('the server dies with a command under way', async () => {
      const closed = next(client, 'close');
      const lost = assert.rejects(client.blpop('none', 0), /Connection is closed|max retries/);
      await server.stop('SIGKILL');
      await closed;
      client.disconnect();
      await lost;
    });
  });
}
