// BlockList: what its rules look like, what each kind of rule blocks, and what it throws.
'use strict';
const { BlockList, SocketAddress } = require('net');
const { actor, errorText } = require('./oracle');
const rules = actor('rules');
const checks = actor('checks');
const errors = actor('errors');

const v6 = (address, more) => new SocketAddress({ address, family: 'ipv6', ...more });

const list = new BlockList();
rules.log(String(list.rules.length));
list.addAddress('123.123.123.123');
list.addAddress('8592:757c:efae:4e45:fb5d:d62a:0d00:8e17', 'ipv6');
list.addRange('10.0.0.1', '10.0.0.10');
list.addRange('10.0.0.1', '10.0.0.1');
list.addRange('::1', '::F', 'IPv6');
list.addSubnet('fe80::', 10, 'ipv6');
list.addSubnet('10.1.2.3', 8);
list.addAddress('123.123.123.123');
list.addAddress('::ffff:1.2.3.4', 'IPV6');
list.addAddress('fe80::1%eth0', 'ipv6');
list.addAddress('::0102:0304', 'ipv6');
list.addAddress(v6('1:0:0:2:0:0:0:3', { port: 9, flowlabel: 9 }));
list.addRange(v6('::ffff:1.1.1.0'), '1.1.1.1');
list.addRange('1.1.1.0', v6('::ffff:1.1.1.3'));
list.addRange(v6('::2'), '1.1.1.1');
for (const rule of list.rules) rules.log(rule);

function check(label, fill, ...addresses) {
  const list = new BlockList();
  fill(list);
  const answer = (a) => a + ' ' + list.check(a, a.includes(':') ? 'ipv6' : 'ipv4');
  checks.log(label + ': ' + addresses.map(answer).join(', '));
}
check('nothing', () => {}, '1.2.3.4', '::1');
check('v4', (l) => l.addAddress('1.2.3.4'), '1.2.3.4', '1.2.3.5', '::ffff:1.2.3.4', '::ffff:102:304', '::1.2.3.4');
check('mapped', (l) => l.addAddress('::ffff:1.2.3.4', 'ipv6'), '1.2.3.4', '::ffff:1.2.3.4', '1.2.3.5');
check('range v4', (l) => l.addRange('1.2.3.4', '1.2.3.6'), '1.2.3.3', '1.2.3.4', '1.2.3.5', '1.2.3.6', '1.2.3.7',
  '::ffff:1.2.3.6', '::ffff:1.2.3.7', '::1');
check('range mapped', (l) => l.addRange('::ffff:1.2.3.4', '::ffff:1.2.3.6', 'ipv6'), '1.2.3.3', '1.2.3.4', '1.2.3.7',
  '::ffff:1.2.3.6');
check('range around mapped', (l) => l.addRange('::', 'ffff::', 'ipv6'), '1.2.3.4', '::ffff:1.2.3.4', '::1');
check('range v6 to v4', (l) => l.addRange(v6('::2'), '1.1.1.1'), '1.1.1.0', '::ffff:1.1.1.0', '::ffff:1.1.1.2', '::3');
check('range v4 to v6', (l) => l.addRange('1.1.1.1', v6('ffff::')), '1.1.1.2', '::ffff:1.1.1.0', '::ffff:1.1.1.2',
  'fe80::');
check('subnet v4/0', (l) => l.addSubnet('1.1.1.1', 0), '2.2.2.2', '::ffff:2.2.2.2', '::1');
check('subnet v4/32', (l) => l.addSubnet('1.1.1.1', 32), '1.1.1.1', '2.2.2.2', '::ffff:1.1.1.1', '::ffff:1.1.1.2');
check('subnet v4/23', (l) => l.addSubnet('1.1.3.1', 23), '1.1.1.255', '1.1.2.0', '1.1.3.255', '1.1.4.0',
  '::ffff:1.1.2.9');
check('subnet v6/0', (l) => l.addSubnet('::1', 0, 'ipv6'), '1.2.3.4', '::ffff:1.2.3.4', 'ffff::');
check('subnet v6/10', (l) => l.addSubnet('fe80::', 10, 'ipv6'), 'fe80::1', 'febf:ffff::', 'fec0::', '1.2.3.4');
check('subnet v6/128', (l) => l.addSubnet('::1', 128, 'ipv6'), '::1', '::2', '::');
check('subnet mapped/120', (l) => l.addSubnet('::ffff:1.1.1.9', 120, 'ipv6'), '1.1.1.0', '1.1.1.255', '1.1.2.0');
check('invalid', (l) => l.addSubnet('0.0.0.0', 0), '1.2.3', '', '01.2.3.4', '1.2.3.4%a', '[::1]', ' 1.2.3.4');
const all = new BlockList();
all.addSubnet('::', 0, 'ipv6');
checks.log('families: ' + [all.check('::1'), all.check('1.2.3.4', 'ipv6'), all.check('::1', 'IPv6'),
  all.check('1.2.3.4', 'ipv9'), all.check('::1%', 'ipv6'), all.check(v6('::1')),
    all.check(new SocketAddress())].join(' '));

function add(label, fill) {
  const list = new BlockList();
  let result = 'ok';
  try {
    fill(list);
  } catch (err) {
    result = err.name + ' ' + errorText(err).replace(/\n/g, '\\n');
  }
  errors.log(label + ' ' + result + ' ' + list.rules.length);
}
for (const text of ['', '1.2.3', '::1', ' 1.2.3.4', '01.2.3.4', '1.2.3.4%lo', '256.1.1.1']) {
  add('address "' + text + '"', (l) => l.addAddress(text));
}
for (const text of ['', '1.2.3.4', '[::1]', '::ffff:01.2.3.4', '00001::', '1:2:3:4:5:6:7:8:9', '%lo', '::1%',
  '::1%a%b/c']) {
  add('address "' + text + '" ipv6', (l) => l.addAddress(text, 'ipv6'));
}
for (const family of ['ipv5', '', 'ip\'v4', 'a\'"', 'a\'"`', 'a\'"${', '\u{131}pv4', '\n\t\r\b\f\v\\\x7f\x85\0',
  'x'.repeat(126),
  'x'.repeat(127), '\u{1f600}'.repeat(63), '\u{1f600}'.repeat(64)]) {
  add('family', (l) => l.addAddress('1.1.1.1', family));
}
add('range back', (l) => l.addRange('1.1.1.2', '1.1.1.1'));
add('range back v6', (l) => l.addRange('::2', '::1', 'ipv6'));
add('range back mapped', (l) => l.addRange(v6('::ffff:1.1.1.2'), '1.1.1.1'));
add('range back to mapped', (l) => l.addRange('1.1.1.2', v6('::ffff:1.1.1.1')));
add('range bad start', (l) => l.addRange('x', 'y'));
add('range bad end', (l) => l.addRange('1.1.1.1', 'y'));
for (const [address, port, flowlabel] of [['255.255.255.255', 123, 0], ['255.255.255.255', 1234, 0],
  ['1::ffff:ffff:1', 12, 12],
  ['1::ffff:ffff:1', 123, 12], ['1111:2222:3333:4444:5555:6666:7777:8888', 65535, 1048575]]) {
  const start = new SocketAddress({ address, port, flowlabel, family: address.includes(':') ? 'ipv6' : 'ipv4' });
  add('range shown', (l) => l.addRange(start, new SocketAddress({ ...start.toJSON(),
    address: start.port > 65534 ? '::' : address })));
  add('range shown back', (l) => l.addRange(start, address.includes(':') ? v6('::') : '0.0.0.0'));
}
for (const prefix of [-1, 33, 128, 4294967296, 4294967297, -4294967297, 1234567890123, 12]) {
  add('subnet ' + prefix, (l) => l.addSubnet('1.1.1.1', prefix));
}
for (const prefix of [-1, 129, 128, 0]) add('subnet v6 ' + prefix, (l) => l.addSubnet('::1', prefix, 'ipv6'));
add('subnet bad', (l) => l.addSubnet('x', 99));
