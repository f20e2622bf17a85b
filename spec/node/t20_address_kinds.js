// S15, S25: address() of each kind of server. The path stays, behind a port that is listened on later.
'use strict';
const net = require('net');
const { actor, maskPort, tempPath } = require('./oracle');
const server = actor('server');

const path = tempPath();
const srv = net.createServer();
const log = (label) => {
  const a = srv.address();
  const text = a === null ? 'null' : a === path ? 'the path'
    : Object.keys(a).join(',') + ' ' + a.address + ' ' + a.family + ' ' + maskPort(a.port);
  server.log(label + ' ' + text);
};
log('new');
const forms = [
  { port: 0, host: '127.0.0.1' }, { port: 0, host: '::1' }, { port: 0 }, { path }, { port: 0, host: '127.0.0.1' },
];
const next = () => {
  if (forms.length === 0) return;
  srv.listen(forms.shift(), () => {
    log('listening');
    srv.close();
    log('closed');
    srv.once('close', next);
  });
  log('called');
};
next();
