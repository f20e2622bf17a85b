// R48: what listen() throws.
'use strict';
const net = require('net');
const { actor } = require('./oracle');
const server = actor('server');

function attempt(label, ...args) {
  const srv = net.createServer();
  server.throws(label, () => srv.listen(...args));
}
attempt('listen(70000)', 70000);
attempt('listen(-1)', -1);
attempt('listen(NaN)', NaN);
attempt('listen(1.5)', 1.5);
attempt('listen({})', {});
attempt('listen(true)', true);
attempt('listen({port: {}})', { port: {} });
attempt('listen({path: 1})', { path: 1 });
attempt('listen({path: ""})', { path: '' });
