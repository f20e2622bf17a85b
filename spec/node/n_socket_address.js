// SocketAddress: its defaults, what it prints and what it throws; and the parse() of Node 22.
// Not shown: { family: 'IPV4' } without an address throws ERR_INVALID_ADDRESS, its default is then '::'. A flow label
// above 1048575 of an IPv6 address aborts the process.
'use strict';
const { SocketAddress } = require('net');
const { actor, errorText } = require('./oracle');
const { inspect } = require('util');
const fields = actor('fields');
const errors = actor('errors');
const shown = actor('shown');
const parsed = actor('parsed');

const text = (a) => [a.address, a.port, a.family, a.flowlabel].join(' ');

fields.log(text(new SocketAddress()));
for (const options of [{}, { family: 'ipv6' }, { family: 'IPv6' }, { family: 'IPV4', address: '1.2.3.4',
  port: 65535 }, { address: '1.2.3.4', port: 1 },
  { flowlabel: 5 }, { flowlabel: 4294967295 }, { family: 'ipv6', flowlabel: 1048575 }, { family: 'ipv6',
  address: 'FE80::0:1%lo' },
  { family: 'ipv6', address: '::1%' }]) {
  fields.log(text(new SocketAddress(options)));
}
for (const address of ['::', '::1', '::2', '1::', '::1:0', '::1:2', '::ffff', '::ffff:0', '::1.2.3.4', '::ffff:1.2.3.4',
  '::ffff:0:1.2.3.4', '::ffff:0:0', '64:ff9b::1.2.3.4', '1:0:0:2:0:0:0:3', '2001:0:0:1:0:0:1:1', '2001:db8:0:1:1:1:1:1',
  '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '0:0:0:0:0:0:0:0', '0:0:0:0:0:0:1:0', 'ABCD:EF01::', '0:0:0:0:1:0:0:0',
  '1::0:1:0:0']) {
  fields.log(address + ' ' + new SocketAddress({ address, family: 'ipv6' }).address);
}

for (const options of [{ port: 65536 }, { port: -1 }, { port: 4294967299 }, { flowlabel: -1 },
  { flowlabel: 4294967296 },
  { flowlabel: 8589934592 }, { family: 'foo' }, { address: 'x' }, { address: '' }, { address: '::1' },
  { family: 'ipv6', address: '' },
  { family: 'ipv6', address: '1.2.3.4' }, { family: 'ipv6', address: '[::1]' }, { family: 'foo', port: -1,
  address: 'x' },
  { port: -1, flowlabel: -1, address: 'x' }, { flowlabel: -1, address: 'x' }]) {
  try {
    new SocketAddress(options);
  } catch (err) {
    errors.log(err.name + ' ' + errorText(err));
  }
}

for (const options of [{}, { family: 'ipv6' }, { address: '255.255.255.255', port: 123 },
  { address: '255.255.255.255', port: 1234 },
  { family: 'ipv6', address: '1:2:3:4:5:6:7:8', port: 1, flowlabel: 12 }, { family: 'ipv6',
  address: '1:2:3:4:5:6:7:8', port: 12, flowlabel: 123 }]) {
  shown.log(inspect(new SocketAddress(options)).replace(/\n/g, '\\n'));
}

// v20 has no parse(). Later versions read the text as the authority of an http URL; so does this.
function parse(input) {
  try {
    const { hostname, port } = new URL('http://' + input);
    const brackets = hostname[0] === '[';
    const address = brackets ? hostname.slice(1, -1) : hostname;
    return new SocketAddress({ address, port: Number(port), family: brackets ? 'ipv6' : 'ipv4' });
  } catch {
    return undefined;
  }
}
for (const input of ['', '1.2.3.4', '1.2.3.4:', '1.2.3.4:0', '1.2.3.4:1', '1.2.3.4:80', '1.2.3.4:00443',
  '1.2.3.4:65535', '1.2.3.4:65536',
  '1.2.3.4:-1', '1.2.3.4:x', '1.2.3.4:1:2', '[::1]', '[::1]:80', '[::1]:8080', '[::1]x', '[::1%lo]', '::1',
  '[1.2.3.4]', '[::ffff:1.2.3.4]:9',
  '[0:0:0:0:0:0:0:1]', '[::1', '::1]', '[[::1]]', 'localhost', 'localhost:80', '1', '1.2', '1.2.3', '1.2.3.4.',
  '1.2.3.4..', '.1.2.3.4', '1..2',
  '0x7f.1', '0X7F.1', '0x', '0x.0x', '010.1', '08.1', '4294967295', '4294967296', '1.16777215', '1.16777216',
  '1.2.65536', '1.2.3.256', '256.1',
  '1.2.3.4.5', 'a@1.2.3.4:5', 'a:b@1.2.3.4', 'a@b@1.2.3.4', '@1.2.3.4', '1.2.3.4@', '1.2.3.4/x:9', '1.2.3.4:9/x',
  '1.2.3.4?x', '1.2.3.4#x',
  '1.2.3.4\\x', '/1.2.3.4', '\\/1.2.3.4', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '1.\t2.3.4', '1.2.3.4:8\n1',
  '%31.2.3.4', '1%2e2.3.4', '%zz1.2.3.4',
  '1.2.3.4%', '1.2.3.4%20', 'http://1.2.3.4', '99999999999999999999999', '0x00000000000000000000000000000001',
  '1.2.3.4:0000000000000009',
  '0xg', '+1.2.3.4', '1_0.2.3.4', '1.2.3.4\0', '1.2.3.0x', '[::1]:', '[::1]:x', '[]', '[]:1']) {
  const address = parse(input);
  parsed.log(JSON.stringify(input) + ' ' + (address === undefined ? 'undefined' : text(address)));
}
