// R25: the attempt timeout is checked, for a connection with the socket connecting already.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');


for (const value of [0, -1, 2 ** 31]) {
  c.throws('default ' + value, () => net.setDefaultAutoSelectFamilyAttemptTimeout(value));
  const sock = new net.Socket();
  c.throws('option ' + value, () => sock.connect({ port: 80, host: 'some.name', autoSelectFamilyAttemptTimeout: value }));
  c.log('connecting ' + sock.connecting);
}
