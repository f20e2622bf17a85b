'use strict';
// The package ws, client and server, over netfold's sockets: the client asks `net` itself, the server is given them by http.
const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { test } = require('node:test');
const { WebSocket, WebSocketServer, createWebSocketStream } = require('ws');
const { freshPath, serveHttp } = require('./help.js');

async function withEcho(act, { where, ...options } = {}) {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server, ...options });
  const running = await serveHttp(server, where);
  const { at } = running;
  const url = at.path ? `ws+unix:${at.path}:/` : `ws://${at.host}:${at.port}/`;
  try {
    await act({ url, sockets, at, running });
  } finally {
    sockets.close();
    await running.close();
  }
}

const echo = (socket) => socket.on('message', (data, binary) => socket.send(data, { binary }));

async function closed(socket) {
  const [code, reason] = await once(socket, 'close');
  return [code, String(reason)];
}

for (const where of [undefined, { path: freshPath() }]) {
  test(`an echo of texts and bytes of every length class (${where ? 'path' : 'port'})`, () =>
    withEcho(async ({ url, sockets }) => {
      sockets.on('connection', echo);
      const client = new WebSocket(url);
      await once(client, 'open');
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 3 << 20]) {
        const body = randomBytes(size);
        client.send(body);
        const [data, binary] = await once(client, 'message');
        assert.deepStrictEqual([binary, data.equals(body)], [true, true]);
      }
      client.send('snow \u2603 man');
      assert.strictEqual(String((await once(client, 'message'))[0]), 'snow \u2603 man');
      client.close(4001, 'enough');
      assert.deepStrictEqual(await closed(client), [4001, 'enough']);
    }, { where }));
}

test('a message that comes with the answer to the upgrade', () =>
  withEcho(async ({ url, sockets }) => {
    sockets.on('connection', (socket, request) => {
      socket.send('first');
      process.nextTick(() => request.socket.uncork());
    });
    sockets.on('headers', (headers, request) => request.socket.cork());
    const client = new WebSocket(url);
    const [data] = await once(client, 'message');
    assert.strictEqual(String(data), 'first');
    client.close();
    await closed(client);
  }));

test('a frame that comes with the request for the upgrade', () =>
  withEcho(async ({ sockets, at }) => {
    sockets.on('connection', echo);
    const client = net.connect(at);
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    client.write(Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'), frame]));
    let seen = '';
    for await (const chunk of client) {
      seen += chunk.toString('latin1');
      if (seen.endsWith('\x81\x02hi')) break;
    }
    assert.match(seen, /^HTTP\/1\.1 101 /);
  }));

test('ping and pong, with what they carry, both ways', () =>
  withEcho(async ({ url, sockets }) => {
    const arrived = once(sockets, 'connection');
    const client = new WebSocket(url);
    const [server] = await arrived;
    server.ping('are you there');
    assert.strictEqual(String((await once(server, 'pong'))[0]), 'are you there');
    client.ping(Buffer.from([1, 2, 3]));
    assert.deepStrictEqual([...(await once(client, 'pong'))[0]], [1, 2, 3]);
    client.terminate();
    assert.deepStrictEqual(await closed(server), [1006, '']);
  }));

test('a compressed stream of 4 MiB with backpressure', () =>
  withEcho(async ({ url, sockets }) => {
    sockets.on('connection', (socket) => {
      const stream = createWebSocketStream(socket);
      stream.pipe(stream);
    });
    const stream = createWebSocketStream(new WebSocket(url));
    const body = Buffer.alloc(4 << 20, 'what compresses well, and what does not ');
    let read = 0;
    stream.on('data', (chunk) => {
      assert.ok(chunk.equals(body.subarray(read, read + chunk.length)));
      read += chunk.length;
      if (read === body.length) stream.end();
    });
    for (let at = 0; at < body.length; at += 100_000) {
      if (!stream.write(body.subarray(at, at + 100_000))) await once(stream, 'drain');
    }
    await once(stream, 'close');
    assert.strictEqual(read, body.length);
  }, { perMessageDeflate: { threshold: 0 } }));

test('an abrupt end is 1006 for both', () =>
  withEcho(async ({ url, sockets, running }) => {
    const arrived = once(sockets, 'connection');
    const client = new WebSocket(url);
    await once(client, 'open');
    const [server] = await arrived;
    server.on('error', () => {});
    client.on('error', () => {});
    const both = Promise.all([closed(client), closed(server)]);
    for (const socket of running.sockets) socket.resetAndDestroy();
    assert.deepStrictEqual(await both, [[1006, ''], [1006, '']]);
  }));

test('a bad frame is answered with 1002', () =>
  withEcho(async ({ url, running }) => {
    const client = new WebSocket(url);
    client.on('error', () => {});
    await once(client, 'open');
    const gone = new Promise((resolve) => { client.on('close', resolve); });
    for (const socket of running.sockets) socket.write(Buffer.from([0xff, 0xff]));
    assert.strictEqual(await gone, 1006);
  }));

test('a refusal', () =>
  withEcho(async ({ url }) => {
    const client = new WebSocket(url);
    const [error] = await once(client, 'error');
    assert.strictEqual(error.message, 'Unexpected server response: 401');
  }, { verifyClient: () => false }));

test('fifty clients and a broadcast', () =>
  withEcho(async ({ url, sockets }) => {
    const clients = Array.from({ length: 50 }, () => new WebSocket(url));
    await Promise.all(clients.map((client) => once(client, 'open')));
    const heard = Promise.all(clients.map((client) => once(client, 'message')));
    for (const socket of sockets.clients) socket.send('all');
    assert.deepStrictEqual(new Set((await heard).map(([data]) => String(data))), new Set(['all']));
    const gone = Promise.all(clients.map(closed));
    for (const client of clients) client.close();
    await gone;
  }));
