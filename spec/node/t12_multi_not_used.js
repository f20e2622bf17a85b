// R25: a family, a local address or autoSelectFamily: false ask for one address.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');


const seen = (name, options) => net.connect({
  port: 80,
  host: 'some.name',
  lookup: (host, given) => c.log(name + ' all ' + given.all + ' family ' + given.family + ' hints ' + given.hints),
  ...options,
}).destroy();
seen('default', {});
seen('family 4', { family: 4 });
seen('family 6', { family: 6 });
seen('family 0', { family: 0 });
seen('local address', { localAddress: '127.0.0.1' });
seen('local port', { localPort: 1024 });
seen('off', { autoSelectFamily: false });
c.log('default ' + net.getDefaultAutoSelectFamily() + ' timeout ' + net.getDefaultAutoSelectFamilyAttemptTimeout());
net.setDefaultAutoSelectFamily(false);
net.setDefaultAutoSelectFamilyAttemptTimeout(1);
c.log('default ' + net.getDefaultAutoSelectFamily() + ' timeout ' + net.getDefaultAutoSelectFamilyAttemptTimeout());
seen('default off', {});
seen('on', { autoSelectFamily: true });
