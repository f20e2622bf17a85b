// F8: the four arguments of 'lookup'.
'use strict';
const net = require('net');
const { actor, errorText } = require('./oracle');
const c = actor('c');

function attempt(label, answer) {
  const sock = new net.Socket();
  sock.on('error', () => {});
  sock.on('lookup', (...args) => {
    const [err, address, family, host] = args;
    c.log([label, args.length, errorText(err), address, typeof family, family, host].join(' '));
    sock.destroy();
  });
  sock.connect({ port: 9, host: 'some.name', autoSelectFamily: false, lookup: (host, options, cb) => process.nextTick(cb, ...answer) });
}
const none = Object.assign(new Error('getaddrinfo ENOTFOUND some.name'), { code: 'ENOTFOUND' });
attempt('address', [null, '127.0.0.1', 4]);
attempt('address', [null, '::1', 6]);
attempt('no family', [null, '127.0.0.1', 9]);
attempt('none', [none]);
