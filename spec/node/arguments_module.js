// Every argument of the functions and classes of net beside sockets and servers with every kind of value.
'use strict';
const net = require('net');
const { attempt, describe, follow, foreign, long, numbers, numerals, show, words } = require('./values');
const { BlockList, SocketAddress } = net;

// A prefix, a port or a flow label of -0 aborts the process, and a port that is a numeral.
const numbersHere = numbers.filter((value) => !Object.is(value, -0));

const addresses = ['1.2.3.4', '::1', '0.0.0.0', '255.255.255.255', '::', 'fe80::1%lo', '::ffff:1.2.3.4'];
const wrong = ['', ' ', 'x', '1.2.3', '01.2.3.4', '1.2.3.4.5', '256.1.1.1', '1.2.3.4:80', '[::1]', ' 1.2.3.4',
  '1.2.3.4\n', '::1::', '1.2.3.4%x',
  '\u0661.2.3.4', long];

for (const name of ['isIP', 'isIPv4', 'isIPv6']) {
  for (const value of [...addresses, ...wrong, 0, 9, ...foreign.filter((value) => typeof value !== 'symbol')]) {
    attempt(name, 'input', value, () => show(net[name](value)));
  }
}

for (const value of [...numbers, 10, '9', '', ...foreign]) {
  attempt('setDefaultAutoSelectFamilyAttemptTimeout', 'value', value, () => {
    net.setDefaultAutoSelectFamilyAttemptTimeout(value);
    return show(net.getDefaultAutoSelectFamilyAttemptTimeout());
  });
}
net.setDefaultAutoSelectFamilyAttemptTimeout(250);
for (const value of [0, 1, '', 'x', ...foreign]) {
  attempt('setDefaultAutoSelectFamily', 'value', value, () => {
    net.setDefaultAutoSelectFamily(value);
    return show(net.getDefaultAutoSelectFamily());
  });
}
net.setDefaultAutoSelectFamily(true);

const families = ['ipv4', 'ipv6', 'IPv4', 'IPV6', 'ip', '', ' ipv4', '4', 4, 6, 0];
function lists(member, argument, values, call) {
  for (const value of values) {
    attempt(member, argument, value, () => {
      const list = new BlockList();
      const result = call(list, value);
      return result === undefined ? show(list.rules) : show(result);
    });
  }
}
lists('addAddress', 'address', [...addresses, ...wrong, 9, ...foreign], (list, value) => list.addAddress(value));
lists('addAddress', 'address/ipv6', [...addresses, ...wrong], (list, value) => list.addAddress(value, 'ipv6'));
lists('addAddress', 'family', [...families, ...foreign], (list, value) => list.addAddress('1.2.3.4', value));
lists('addAddress', 'family/wrong', ['ipv4', 'ip', 'ipv6'], (list, value) => list.addAddress('x', value));
lists('addRange', 'start', [...addresses, ...wrong, 9, ...foreign], (list, value) => list.addRange(value, '2.2.2.2'));
lists('addRange', 'end', [...addresses, ...wrong, 9, ...foreign], (list, value) => list.addRange('1.1.1.1', value));
lists('addRange', 'family', [...families, ...foreign], (list, value) => list.addRange('1.1.1.1', '2.2.2.2', value));
lists('addRange', 'start/ipv6', ['::1', '::ffff', 'ffff::', '1.1.1.1'], (list, value) => list.addRange(value, '::ffff',
  'ipv6'));
lists('addSubnet', 'network', [...addresses, ...wrong, 9, ...foreign], (list, value) => list.addSubnet(value, 8));
lists('addSubnet', 'prefix', [...numbersHere, 32, 33, '9', '', ...foreign], (list, value) => list.addSubnet('1.2.3.4',
  value));
lists('addSubnet', 'prefix/ipv6', [...numbersHere, 128, 129], (list, value) => list.addSubnet('::1', value, 'ipv6'));
lists('addSubnet', 'family', [...families, ...foreign], (list, value) => list.addSubnet('1.2.3.4', 8, value));
const all = new BlockList();
all.addSubnet('0.0.0.0', 0);
lists('check', 'address', [...addresses, ...wrong, 9, ...foreign], (list, value) => all.check(value));
lists('check', 'family', [...families, ...foreign], (list, value) => all.check('1.2.3.4', value));

function made(argument, values, base = {}) {
  for (const value of values) {
    attempt('SocketAddress', argument, value, () => {
      const made = new SocketAddress({ ...base, [argument.split('/')[0]]: value });
      return [made.address, made.port, made.family, made.flowlabel].join(' ');
    });
  }
}
made('address', [...addresses, ...wrong, 9, ...foreign]);
made('address/ipv6', [...addresses.slice(0, 5), ...wrong, 9, ...foreign], { family: 'ipv6' });
made('family', [...families.filter((value) => value !== 'IPv4'), ...foreign]);
made('port', [...numbersHere, ...numerals.filter((text) =>
  !(Number(text) >= 0 && Number(text) < 65536 && Number(text) % 1 === 0)), ...words, ...foreign]);
made('flowlabel', [...numbersHere, '9', ...foreign]);
made('flowlabel/ipv6', [0, 1, -1, 1048575, 4294967296, 1.5, NaN, Infinity, '9'], { family: 'ipv6' });
for (const value of [0, 'x', ...foreign]) {
  attempt('SocketAddress', '(options)', value, () => {
    const { address, port, family, flowlabel } = new SocketAddress(value);
    return [address, port, family, flowlabel].join(' ');
  });
}
