'use strict';
// Node's http, client and server, over netfold's sockets.
const assert = require('node:assert');
const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { text, buffer } = require('node:stream/consumers');
const { pipeline } = require('node:stream/promises');
const { test } = require('node:test');
const { Agent, freshPath, serveHttp } = require('./help.js');

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

async function withServer(handler, act, { where, ...options } = {}) {
  const server = http.createServer(options, handler);
  const running = await serveHttp(server, where);
  const agent = new Agent({ keepAlive: true });
  const at = running.at.path ? { socketPath: running.at.path } : running.at;
  try {
    await act({ ask: (more) => http.request({ agent, ...at, ...more }), agent, server, running, at });
  } finally {
    agent.destroy();
    await running.close();
  }
}

async function answerTo(request, body) {
  request.end(body);
  const [response] = await once(request, 'response');
  return response;
}

for (const where of [undefined, { path: freshPath() }]) {
  test(`a hundred requests one after the other use one connection (${where ? 'path' : 'port'})`, () =>
    withServer((request, response) => response.end(`you asked for ${request.url}`), async ({ ask, agent, running }) => {
      for (let at = 0; at < 100; at++) {
        const request = ask({ path: `/${at}` });
        const response = await answerTo(request);
        assert.strictEqual(await text(response), `you asked for /${at}`);
        assert.strictEqual(request.reusedSocket, at > 0);
      }
      assert.strictEqual(agent.made, 1);
      assert.strictEqual(running.sockets.size, 1);
    }, { where }));
}

test('a hundred requests at a time', () =>
  withServer(async (request, response) => response.end(hash(await buffer(request))), async ({ ask, agent }) => {
    const bodies = Array.from({ length: 100 }, (_, at) => randomBytes(at * 977));
    const answers = await Promise.all(bodies.map(async (body) =>
      text(await answerTo(ask({ method: 'POST' }), body))));
    assert.deepStrictEqual(answers, bodies.map(hash));
    assert.strictEqual(agent.made, 100);
  }));

test('chunked bodies of 8 MiB, both ways at once, through pipes', () =>
  withServer((request, response) => pipeline(request, response), async ({ ask }) => {
    const body = randomBytes(8 << 20);
    const request = ask({ method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
    const answered = once(request, 'response');
    async function* pieces() {
      for (let at = 0; at < body.length; at += 70_001) yield body.subarray(at, at + 70_001);
    }
    const sent = pipeline(pieces, request);
    const [response] = await answered;
    assert.strictEqual(response.headers['transfer-encoding'], 'chunked');
    assert.strictEqual(hash(await buffer(response)), hash(body));
    await sent;
  }));

test('a response that nobody reads holds its writer back', () =>
  withServer((request, response) => {
    const piece = Buffer.alloc(64 << 10);
    let written = 0;
    const more = () => {
      while (written < (16 << 20)) {
        written += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          request.socket.server.emit('held', written);
          return;
        }
      }
      response.end();
    };
    more();
  }, async ({ ask, server }) => {
    const held = once(server, 'held');
    const response = await answerTo(ask());
    const [written] = await held;
    assert.ok(written < (16 << 20));
    assert.strictEqual((await buffer(response)).length, 16 << 20);
  }));

test('trailers, and 100-continue', () =>
  withServer(undefined, async ({ ask, server }) => {
    server.on('checkContinue', async (request, response) => {
      response.writeContinue();
      const body = await text(request);
      response.writeHead(200, { Trailer: 'X-Sum' });
      response.write(body.toUpperCase());
      response.addTrailers({ 'X-Sum': hash(body) });
      response.end();
    });
    const request = ask({ method: 'PUT', headers: { 'Expect': '100-continue', 'transfer-encoding': 'chunked' } });
    request.flushHeaders();
    await once(request, 'continue');
    const response = await answerTo(request, 'later');
    assert.strictEqual(await text(response), 'LATER');
    assert.deepStrictEqual(response.trailers, { 'x-sum': hash('later') });
  }));

test('requests that were sent at once are answered in order', () =>
  withServer((request, response) => {
    const wait = request.url === '/0' ? 20 : 0;
    setTimeout(() => response.end(request.url), wait);
  }, async ({ running }) => {
    const socket = net.connect(running.at);
    const requests = Array.from({ length: 10 }, (_, at) =>
      `GET /${at} HTTP/1.1\r\nHost: x\r\n${at === 9 ? 'Connection: close\r\n' : ''}\r\n`);
    socket.write(requests.join(''));
    const answers = await text(socket);
    assert.deepStrictEqual(answers.match(/(?<=\r\n\r\n)\/\d/g), requests.map((_, at) => `/${at}`));
  }));

test('an upgrade hands over the sockets of both sides', () =>
  withServer(undefined, async ({ ask, server }) => {
    server.on('upgrade', (request, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      if (head.length > 0) socket.unshift(head);
      socket.pipe(socket);
    });
    const request = ask({ headers: { Connection: 'Upgrade', Upgrade: 'echo' } });
    request.end();
    const [response, socket, head] = await once(request, 'upgrade');
    assert.strictEqual(response.statusCode, 101);
    assert.ok(socket instanceof net.Socket);
    const body = randomBytes(1 << 20);
    socket.end(body);
    assert.strictEqual(hash(Buffer.concat([head, await buffer(socket)])), hash(body));
  }));

test('CONNECT makes a tunnel', () =>
  withServer((request, response) => response.end(`through ${request.headers.host}`), async ({ ask, server, running }) => {
    server.on('connect', (request, socket, head) => {
      const beyond = net.connect(running.at, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        if (head.length > 0) beyond.write(head);
        beyond.pipe(socket).pipe(beyond);
      });
    });
    const request = ask({ method: 'CONNECT', path: 'beyond:80' });
    request.end();
    const [, socket] = await once(request, 'connect');
    socket.end('GET / HTTP/1.1\r\nHost: beyond\r\nConnection: close\r\n\r\n');
    assert.match(await text(socket), /through beyond/);
  }));

test('a server that goes away within a body', () =>
  withServer((request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('some of it', () => response.destroy());
  }, async ({ ask }) => {
    const response = await answerTo(ask());
    await assert.rejects(text(response), { code: 'ECONNRESET', message: 'aborted' });
  }));

test('a client that goes away within a body', () =>
  withServer(undefined, async ({ ask, server }) => {
    const request = ask({ method: 'POST', headers: { 'content-length': 1000 } });
    request.on('error', () => {});
    request.write('some of it');
    const [received] = await once(server, 'request');
    assert.strictEqual(String((await once(received, 'data'))[0]), 'some of it');
    request.destroy();
    const [error] = await once(received, 'error');
    assert.strictEqual(error.code, 'ECONNRESET');
  }));

test('a reset in answer to a request', () =>
  withServer(undefined, async ({ ask, running }) => {
    running.server.on('connection', (socket) => socket.resetAndDestroy());
    const request = ask({ method: 'POST' });
    request.end('x');
    const [error] = await once(request, 'error');
    assert.strictEqual(error.code, 'ECONNRESET');
  }));

test('nobody listens', async () => {
  const request = http.request({ agent: new Agent(), socketPath: freshPath() });
  request.end();
  const [error] = await once(request, 'error');
  assert.strictEqual(error.code, 'ENOENT');
});

test('timeouts: of a client\'s request, and of a kept connection', () =>
  withServer((request, response) => {
    if (request.url === '/') response.end('at once');
  }, async ({ ask, agent, server }) => {
    const slow = ask({ path: '/never', timeout: 30 });
    slow.on('error', () => {});
    slow.end();
    await once(slow, 'timeout');
    slow.destroy();
    server.keepAliveTimeout = 30;
    const request = ask();
    const response = await answerTo(request);
    const { socket } = request;
    assert.strictEqual(await text(response), 'at once');
    await once(socket, 'close');
    assert.deepStrictEqual(Object.keys(agent.freeSockets), []);
  }));

test('a bad request is answered, or left to clientError', () =>
  withServer(undefined, async ({ server, running }) => {
    const first = net.connect(running.at);
    first.end('not http\r\n\r\n');
    assert.match(await text(first), /^HTTP\/1\.1 400 Bad Request/);
    server.on('clientError', (error, socket) => socket.end(`HTTP/1.1 418 ${error.code}\r\n\r\n`));
    const second = net.connect(running.at);
    second.end('not http\r\n\r\n');
    assert.match(await text(second), /^HTTP\/1\.1 418 HPE_INVALID/);
  }));

test('HEAD, 204 and HTTP/1.0', () =>
  withServer((request, response) => {
    if (request.url === '/none') response.writeHead(204).end();
    else response.end('a body');
  }, async ({ ask, running }) => {
    const head = await answerTo(ask({ method: 'HEAD' }));
    assert.strictEqual(head.headers['content-length'] ?? '6', '6');
    assert.strictEqual(await text(head), '');
    const none = await answerTo(ask({ path: '/none' }));
    assert.strictEqual(none.statusCode, 204);
    assert.strictEqual(await text(none), '');
    const old = net.connect(running.at);
    old.write('GET / HTTP/1.0\r\n\r\n');
    assert.match(await text(old), /\r\n\r\na body$/);
  }));

test('closing the server ends what is idle and waits for what is not', () =>
  withServer((request, response) => {
    if (request.url === '/slow') request.socket.server.emit('slow', response);
    else response.end('quick');
  }, async ({ ask, server }) => {
    const quick = ask();
    assert.strictEqual(await text(await answerTo(quick)), 'quick');
    const other = new Agent();
    const slow = ask({ path: '/slow', agent: other });
    const arrived = once(server, 'slow');
    const answered = answerTo(slow);
    const [held] = await arrived;
    const gone = once(quick.socket, 'close');
    server.closeIdleConnections();
    await gone;
    assert.strictEqual(slow.socket.destroyed, false);
    held.end('slow, but there');
    assert.strictEqual(await text(await answered), 'slow, but there');
    other.destroy();
  }));
