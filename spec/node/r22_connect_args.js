// R22: what connect() throws for bad arguments.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

function attempt(label, ...args) {
  const sock = new net.Socket();
  c.watch(sock, ['error', 'close']);
  c.throws(label, () => sock.connect(...args));
  c.log('connecting ' + sock.connecting);
}
attempt('connect({})', {});
attempt('connect()');
attempt('connect(true)', true);
attempt('connect(null)', null);
attempt('connect(70000)', 70000);
attempt('connect(NaN)', NaN);
attempt('connect(-1)', -1);
attempt('connect({port: {}})', { port: {} });
attempt('connect({port: 80, localAddress: foo})', { port: 80, localAddress: 'foo' });
attempt('connect({port: 80, localPort: "1"})', { port: 80, localPort: '1' });
attempt('connect({port: 80, host: x, lookup: 1})', { port: 80, host: 'x', lookup: 1 });
attempt('connect({port: 80, autoSelectFamily: 1})', { port: 80, autoSelectFamily: 1 });
attempt('connect({port: 80, autoSelectFamilyAttemptTimeout: 0})', { port: 80, autoSelectFamilyAttemptTimeout: 0 });
attempt('connect({path: 1})', { path: 1 });
