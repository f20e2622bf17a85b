// S18: ipv6Only with a host keeps IPv4 out; without a host it has no effect.
'use strict';
const net = require('net');
const { actor, portOf } = require('./oracle');
const server = actor('server');

const forms = [{ host: '::', ipv6Only: true }, { host: '::', ipv6Only: false }, { ipv6Only: true }];
const next = () => {
  if (forms.length === 0) return;
  const options = forms.shift();
  const srv = net.createServer((peer) => {
    peer.end();
    peer.resume();
  });
  srv.listen({ port: 0, ...options }, () => {
    const { address, family } = srv.address();
    const sock = net.connect(portOf(srv), '127.0.0.1');
    sock.resume();
    let code = 'connected';
    sock.on('error', (err) => code = err.code);
    sock.on('close', () => {
      server.log((options.host || 'no host') + ' ipv6Only ' + options.ipv6Only + ' ' + address + ' ' + family + ' ' + code);
      srv.close(next);
    });
  });
};
next();
