// R46: which descriptors are refused, and with what.
'use strict';
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

c.throws('a file', () => new net.Socket({ fd: fs.openSync(__filename) }));
c.throws('/dev/null', () => new net.Socket({ fd: fs.openSync('/dev/null') }));
c.throws('a directory', () => new net.Socket({ fd: fs.openSync(__dirname) }));
c.throws('a terminal', () => new net.Socket({ fd: fs.openSync('/dev/ptmx', 'r+') }));
const udp = dgram.createSocket('udp4');
udp.bind(0, '127.0.0.1', () => {
  c.throws('a datagram socket', () => new net.Socket({ fd: udp._handle.fd }));
  udp.close();
});
