'use strict';
// BlockList and SocketAddress are the core's here: what they say and throw is what Node's own say and throw.
const assert = require('node:assert');
const { test } = require('node:test');
const { run } = require('./child.js');

const both = (act) => Promise.all([true, false].map((stock) => run(act, undefined, { stock })));

test('values good and bad: the same results, messages and looks', async () => {
  const [expected, actual] = await both(() => {
    const { BlockList, SocketAddress } = require('node:net');
    const { inspect } = require('node:util');
    const seen = [];
    const told = (what) => {
      try {
        seen.push(inspect(what(), { depth: 3 }));
      } catch ({ name, code, message }) {
        seen.push({ name, code, message });
      }
    };
    const odd = [undefined, null, 1, -1, 1.5, NaN, Infinity, '', '1', ' 7 ', 'x', true, {}, [], 1n, 65536, 1048575, 2 ** 32];
    for (const name of ['address', 'port', 'family', 'flowlabel']) {
      for (const value of odd) {
        // Of a port that is a text Node 20 aborts.
        if (name === 'port' && Number(value) > 0 && typeof value === 'string') continue;
        for (const family of ['ipv4', 'IPv6']) told(() => new SocketAddress({ family, [name]: value }));
      }
    }
    for (const value of odd) told(() => new SocketAddress(value));
    for (const address of ['::1', '::1.2.3.4', 'fe80::1%lo', '1::2:0:0:3', '::ffff:1.2.3.4', 'a:b', '1.2.3.4']) {
      told(() => new SocketAddress({ address, family: 'ipv6', port: 80, flowlabel: 7 }));
      told(() => JSON.stringify(new SocketAddress({ address, family: 'ipv6' })));
    }
    for (const depth of [-1, 0, 1, null]) {
      seen.push(inspect(new SocketAddress(), { depth }), inspect(new BlockList(), { depth }), inspect({ a: [new BlockList()] }, { depth }));
    }
    seen.push(SocketAddress.isSocketAddress(new SocketAddress()), SocketAddress.isSocketAddress({}));
    const list = new BlockList();
    for (const value of odd) {
      told(() => list.addAddress(value));
      told(() => list.addAddress('1.1.1.1', value));
      told(() => list.addRange(value, '1.1.1.1'));
      told(() => list.addRange('1.1.1.1', value));
      told(() => list.addRange('1.1.1.1', '1.1.1.2', value));
      told(() => list.addSubnet(value, 8));
      told(() => list.addSubnet('1.1.1.1', value));
      told(() => list.addSubnet('1.1.1.1', 8, value));
      told(() => list.check(value));
      told(() => list.check('1.1.1.1', value));
    }
    told(() => list.addRange('1.1.1.9', '1.1.1.1'));
    told(() => list.addSubnet('::1', 129, 'ipv6'));
    list.addAddress(new SocketAddress({ address: '::5', family: 'ipv6', port: 9 }));
    list.addRange('10.0.0.1', '10.0.0.9');
    list.addSubnet('1:2::', 32, 'ipv6');
    for (const [address, family] of [['::5', 'ipv6'], ['::5'], ['10.0.0.5'], ['::ffff:10.0.0.5', 'IPV6'], ['10.0.0.10'],
                                     ['1:2:3::', 'ipv6'], ['1:3::', 'ipv6'], ['what'], ['1.1.1.1', 'what']]) {
      told(() => list.check(address, family));
    }
    told(() => list.check(new SocketAddress({ address: '10.0.0.5' })));
    told(() => list.rules);
    told(() => list);
    report(seen);
  });
  assert.strictEqual(actual.length, expected.length);
  for (const [at, value] of expected.entries()) assert.deepStrictEqual(actual[at], value);
});

test('a list of a server and of a socket, with rules that come later', async () => {
  const seen = await run(() => {
    const net = require('node:net');
    const list = new net.BlockList();
    const seen = [];
    const server = net.createServer({ blockList: list }, (socket) => {
      seen.push('connection');
      socket.destroy();
      list.addAddress('127.0.0.1');
      net.connect(at).on('close', () => {
        seen.push('closed');
        net.connect({ ...at, blockList: list }).on('error', (error) => {
          seen.push(error.code);
          server.close(() => report(seen));
        });
      }).on('error', () => {});
    });
    let at;
    server.listen(0, '127.0.0.1', () => {
      at = { port: server.address().port, host: '127.0.0.1' };
      net.connect({ ...at, blockList: list }).resume();
    });
    try {
      net.createServer({ blockList: {} });
    } catch ({ code }) {
      seen.push(code);
    }
  }, undefined, { stock: false });
  assert.deepStrictEqual(seen, ['ERR_INVALID_ARG_TYPE', 'connection', 'closed', 'ERR_IP_BLOCKED']);
});
