// R56: isIP and its relatives.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

const texts = ['127.0.0.1', '0.0.0.0', '255.255.255.255', '256.0.0.1', '1.2.3', '01.2.3.4', '1.2.3.4.5', ' 1.2.3.4',
  '::', '::1', '1::', '::1.2.3', '::1.2.3.4', '::ffff:127.0.0.1', 'fe80::1%eth0', 'fe80::1%', 'fe80::1%a.b-c:d',
  '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:9', '1::2::3', '[::1]', '12345::', 'g::', ''];
for (const text of texts) {
  c.log('"' + text + '" ' + net.isIP(text) + ' ' + net.isIPv4(text) + ' ' + net.isIPv6(text));
}
