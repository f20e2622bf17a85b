// Each kind of error that net gives: its name, code, message and every field.
'use strict';
const net = require('net');
const { actor, tempPath } = require('./oracle');
const { describe } = require('./values');

// Logs an error under the name of its kind, with this port of its own as PORT and this path as PATH.
function kind(name, err, port, path) {
  const c = actor(name);
  let text = describe(err);
  if (port !== undefined) text = text.split(port).join('PORT');
  if (path !== undefined) text = text.split(path).join('FILE');
  c.log(text);
  if (err.errors !== undefined) c.log('errors ' + err.errors.map(describe).join('; '));
  if (err.cause !== undefined) c.log('cause ' + err.cause.name + ' ' + err.cause.message);
}

function thrown(name, fn) {
  try {
    fn();
  } catch (err) {
    kind(name, err);
  }
}

// Errors of calls.
thrown('missing args', () => net.connect({}));
thrown('bad port', () => net.connect(65536));
thrown('bad port, text', () => net.connect('65536'));
thrown('bad port, listen', () => net.createServer().listen(65536));
thrown('bad port, address', () => new net.SocketAddress({ port: 65536 }));
thrown('invalid address of this end', () => net.connect({ port: 9, localAddress: 'x' }));
thrown('invalid family', () => net.connect({ port: 9, host: 'localhost', family: 5 }));
thrown('invalid hints', () => net.connect({ port: 9, host: 'localhost', hints: 1 }));
thrown('out of range', () => new net.Socket().setTimeout(-1));
thrown('out of range, size', () => new net.Socket().read(2 ** 30 + 1));
thrown('out of range, prefix', () => new net.BlockList().addSubnet('1.1.1.1', 33));
thrown('out of range, attempt', () => net.connect({ port: 9, autoSelectFamilyAttemptTimeout: 0 }));
thrown('invalid argument', () => net.createServer().listen({ path: '' }));
thrown('invalid range', () => new net.BlockList().addRange('1.1.1.2', '1.1.1.1'));
thrown('invalid family, address', () => new net.SocketAddress({ family: 'x' }));
thrown('invalid address', () => new net.SocketAddress({ address: 'x' }));
thrown('unknown encoding', () => new net.Socket().setEncoding('x'));

// Errors of streams.
const idle = () => new net.Socket().on('error', () => {});
idle().write('x', (err) => kind('socket closed', err));
const over = idle();
over.end();
over.write('x', (err) => kind('write after end', err));
const gone = idle();
gone.destroy();
gone.write('x', (err) => kind('destroyed, write', err));
gone.end();
gone.end((err) => kind('destroyed, end', err));
idle().on('error', (err) => kind('reset without a connection', err)).resetAndDestroy();
const never = net.connect(9, '127.0.0.1').on('error', () => {});
never.write('x', (err) => kind('closed before connection', err));
never.destroy();
net.createServer().close((err) => kind('not running', err));
const aborted = new AbortController();
net.connect({ port: 9, host: '127.0.0.1', signal: aborted.signal }).on('error', (err) => kind('aborted', err));
aborted.abort();
idle().on('error', (err) => kind('of the user', err)).destroy(new Error('boom'));
idle().on('error', (err) => kind('of the user, with a code', err)).destroy(Object.assign(new Error('boom'),
  { code: 'EBOOM' }));

// Errors of the system.
const connects = (name, options) => net.connect(options).on('error', (err) => kind(name, err, undefined, options.path));
connects('refused', { port: 9, host: '127.0.0.1' });
connects('refused, IPv6', { port: 9, host: '::1' });
connects('no path', { path: '/nf-no-such-folder/x' });
connects('bind', { port: 9, host: '127.0.0.1', localAddress: '192.0.2.1' });
connects('bind, wrong family', { port: 9, host: '127.0.0.1', localAddress: '::1' });
const lookup = (addresses) => (host, options, callback) => callback(null, addresses);
connects('aggregate', { port: 9, host: 'some.name', lookup: lookup([{ address: '127.0.0.1', family: 4 },
  { address: '127.0.0.2', family: 4 }]) });
connects('aggregate, bound', { port: 9, host: 'some.name', localPort: 65534, lookup: lookup([{ address: '127.0.0.1',
  family: 4 }, { address: '127.0.0.2', family: 4 }]) });
connects('refused, bound', { port: 9, host: '127.0.0.1', localPort: 65533 });
connects('refused, bound to an address', { port: 9, host: '127.0.0.1', localAddress: '127.0.0.2' });
connects('refused, bound to both', { port: 9, host: '127.0.0.1', localPort: 65532, localAddress: '127.0.0.2' });
connects('lookup, no address', { port: 9, host: 'some.name', autoSelectFamily: false, lookup: (host, options,
  callback) => callback(null, 'x', 4) });
connects('lookup, no family', { port: 9, host: 'some.name', autoSelectFamily: false, lookup: (host, options,
  callback) => callback(null, '127.0.0.1', 5) });
connects('lookup', { port: 9, host: 'some.name', lookup: (host, options, callback) => {
  callback(Object.assign(new Error('getaddrinfo ENOTFOUND ' + host), { errno: -3008, code: 'ENOTFOUND',
    syscall: 'getaddrinfo', hostname: host }));
} });
const listens = (name, options) => net.createServer().on('error', (err) => kind(name, err)).listen(options);
listens('listen, not available', { port: 0, host: '192.0.2.1' });
listens('listen, no folder', { path: '/nf-no-such-folder/x' });

const server = net.createServer((peer) => peer.on('data', () => peer.resetAndDestroy()));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  thrown('already listening', () => server.listen(0));
  net.createServer().on('error', (err) => kind('listen, in use', err, port)).listen(port, '127.0.0.1');
  const sock = net.connect(port, '127.0.0.1', () => sock.write('x'));
  sock.on('error', (err) => {
    kind('reset by the peer', err, port);
    server.close();
  });
});
const second = net.createServer((peer) => peer.on('error', () => {}));
const path = tempPath();
second.listen(path, () => {
  net.createServer().on('error', (err) => kind('listen, path in use', err, undefined, path)).listen(path);
  const sock = net.connect(path, () => {
    thrown('invalid handle type', () => sock.resetAndDestroy());
    sock.destroy();
    second.close();
  });
});
// A peer that ends, and goes away: the first write is answered with RST, the second fails.
const third = net.createServer((peer) => peer.end());
third.listen(0, '127.0.0.1', () => {
  const sock = net.connect(third.address().port, '127.0.0.1');
  sock.resume();
  sock.on('error', () => {});
  sock.on('end', () => process.nextTick(() => process.nextTick(() => {
    sock.write('x', (err) => kind('ended by the peer', err));
    third.close();
  })));
});
