'use strict';
// The package undici, an HTTP client of its own, which asks `net` for its connections.
const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const http = require('node:http');
const { test } = require('node:test');
const { Agent, Client, Pool, fetch, request } = require('undici');
const { freshPath, serveHttp } = require('./help.js');

async function withServer(handler, act, where) {
  const running = await serveHttp(http.createServer(handler), where);
  try {
    await act(running.at.path ? 'http://localhost' : `http://127.0.0.1:${running.at.port}`, running);
  } finally {
    await running.close();
  }
}

const echo = (incoming, response) => incoming.pipe(response);

test('requests one after the other, and bodies of every size', () =>
  withServer(echo, async (origin, running) => {
    const client = new Client(origin);
    for (const size of [1, 1000, 100_000, 5 << 20]) {
      const body = randomBytes(size);
      const answer = await client.request({ path: '/', method: 'POST', body });
      assert.ok(Buffer.from(await answer.body.arrayBuffer()).equals(body));
    }
    assert.strictEqual(running.sockets.size, 1);
    await client.close();
  }));

test('requests in a pipeline', () =>
  withServer((incoming, response) => response.end(incoming.url), async (origin) => {
    const client = new Client(origin, { pipelining: 10 });
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, at) =>
      (await client.request({ path: `/${at}`, method: 'GET' })).body.text()));
    assert.deepStrictEqual(answers, answers.map((_, at) => `/${at}`));
    await client.close();
  }));

const path = freshPath();
test('a pool on a path', () =>
  withServer(echo, async (origin) => {
    const pool = new Pool(origin, { socketPath: path, connections: 5 });
    const bodies = Array.from({ length: 40 }, (_, at) => `body ${at}`);
    const answers = await Promise.all(bodies.map(async (body) =>
      (await pool.request({ path: '/', method: 'POST', body })).body.text()));
    assert.deepStrictEqual(answers, bodies);
    await pool.close();
  }, { path }));

test('fetch, streams and an abort', () =>
  withServer((incoming, response) => {
    response.write('begun');
    if (incoming.url === '/whole') response.end(' and ended');
  }, async (origin) => {
    const dispatcher = new Agent();
    assert.strictEqual(await (await fetch(`${origin}/whole`, { dispatcher })).text(), 'begun and ended');
    const abort = new AbortController();
    const answer = await fetch(`${origin}/never`, { dispatcher, signal: abort.signal });
    const reading = answer.text();
    abort.abort();
    await assert.rejects(reading, { name: 'AbortError' });
    await dispatcher.destroy();
  }));

test('the other side goes away, and is not there', () =>
  withServer((incoming, response) => response.destroy(), async (origin, running) => {
    const dispatcher = new Agent();
    await assert.rejects(request(origin, { dispatcher }), { code: 'UND_ERR_SOCKET' });
    await running.close();
    await assert.rejects(request(origin, { dispatcher }), { code: 'ECONNREFUSED' });
    running.close = () => {};
    await dispatcher.destroy();
  }));
