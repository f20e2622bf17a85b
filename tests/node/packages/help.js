'use strict';
// For the tests of packages: servers, and the proof that it is netfold that the packages ran on.
const assert = require('node:assert');
const { createHook } = require('node:async_hooks');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after } = require('node:test');

const report = net[Symbol.for('node-suite.report')];
const stockNet = process.env.NETFOLD_STOCK === '1';

// Connections and servers of Node's own net: there are to be none.
const stock = [];
createHook({
  init(id, type) {
    if (/^(TCPWRAP|TCPSERVERWRAP|TCPCONNECTWRAP|PIPESERVERWRAP|PIPECONNECTWRAP)$/.test(type)) {
      stock.push(`${type}${new Error().stack}`);
    }
  },
}).enable();

let allSkipped = false;

after(() => {
  if (stockNet) {
    assert.strictEqual(report, undefined);
    return;
  }
  assert.deepStrictEqual(stock, [], 'a connection of Node\'s own net');
  assert.ok(allSkipped || report().completions > 0, 'netfold has done nothing');
});

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'netfold-packages-'));
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));

let paths = 0;
const freshPath = () => path.join(scratch, `s${++paths}`);

// A server of `net` on a port of the system's choice, or on a path; `close` ends its connections too.
async function listening(handler, where = { port: 0, host: '127.0.0.1' }, options = {}) {
  const server = net.createServer(options, handler);
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(where);
  await once(server, 'listening');
  return {
    server,
    sockets,
    at: where.path ? { path: where.path } : { port: server.address().port, host: '127.0.0.1' },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

// Node's http.Server, unchanged, over sockets of `net`: it is given each connection.
const serveHttp = (server, where) =>
  listening((socket) => server.emit('connection', socket), where, { allowHalfOpen: true, noDelay: true });

// Node's http.Agent, unchanged, over sockets of `net`.
class Agent extends http.Agent {
  made = 0;

  createConnection(options, ready) {
    this.made++;
    const { path: _, socketPath, ...rest } = options;
    return net.connect(socketPath ? { ...rest, path: socketPath } : rest, ready && (() => ready()));
  }
}

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

// For a file whose every test needs a redis-server: why it is skipped, or false.
function needsRedis() {
  allSkipped = !hasRedis;
  return hasRedis ? false : 'redis-server is not here (Debian: apt-get install redis-server)';
}

// A redis-server of its own, stopped by `stop`. On a port it may find that another has it by now: then on another.
async function redisServer(kind) {
  for (let attempts = 0; ; attempts++) {
    const at = kind === 'path' ? { path: freshPath() } : { host: '127.0.0.1', port: await freePort() };
    const where = at.path ? ['--port', '0', '--unixsocket', at.path] : ['--port', String(at.port), '--bind', at.host];
    const child = spawn('redis-server', [...where, '--save', '', '--appendonly', 'no', '--dir', scratch],
                        { stdio: ['ignore', 'pipe', 'inherit'] });
    process.on('exit', () => child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    const ready = new Promise((resolve) => {
      let seen = '';
      child.stdout.on('data', (chunk) => {
        seen += chunk;
        if (/ready to accept connections/i.test(seen)) resolve(true);
      });
    });
    if (await Promise.race([ready, exited.then(() => false)])) {
      return {
        at,
        pid: child.pid,
        async stop(signal = 'SIGTERM') {
          child.kill(signal);
          await exited;
        },
      };
    }
    assert.ok(attempts < 5, 'redis-server does not start');
  }
}

async function freePort() {
  const { at, close } = await listening(() => {});
  await close();
  return at.port;
}

module.exports = { Agent, freshPath, listening, needsRedis, redisServer, serveHttp };
