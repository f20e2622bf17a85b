// F2: text is a port if it is a number from 0 on, else a path.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

for (const text of ['80', '0', ' 80 ', '0x50', '0b11', '0o17', '1e2', '+8', '65535', '65536', '80.5', '', ' ', 'Infinity', '-1',
  '-0', 'abc', '/no/such', './8', '8 0', '0x', '1_0', 'NaN', 'infinity', '.5', '5.', '0X1F', '-0x1', '1e400', '8e-1']) {
  const sock = new net.Socket();
  let kind = 'port';
  sock.on('error', () => {});
  sock.on('connectionAttempt', (name) => { kind = 'path ' + JSON.stringify(name); });
  try {
    sock.connect(text, '127.0.0.1');
  } catch (err) {
    kind = 'threw ' + err.code;
  }
  c.log(JSON.stringify(text) + ' ' + kind);
  sock.destroy();
}
