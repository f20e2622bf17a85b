// R47: what the constructors refuse.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const c = actor('c');

c.throws('Socket({objectMode: true})', () => new net.Socket({ objectMode: true }));
c.throws('Socket({readableObjectMode: true})', () => new net.Socket({ readableObjectMode: true }));
c.throws('Socket({writableObjectMode: true})', () => new net.Socket({ writableObjectMode: true }));
c.throws('Socket({keepAliveInitialDelay: "1"})', () => new net.Socket({ keepAliveInitialDelay: '1' }));
c.throws('Socket({keepAliveInitialDelay: -1})', () => new net.Socket({ keepAliveInitialDelay: -1 }));
c.throws('createServer(1)', () => net.createServer(1));
c.throws('createServer({keepAliveInitialDelay: "1"})', () => net.createServer({ keepAliveInitialDelay: '1' }));
c.throws('createServer({highWaterMark: "1"})', () => net.createServer({ highWaterMark: '1' }));
