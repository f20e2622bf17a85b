// The same echo in Node: `node echo.js data` writes in 'data', `node echo.js pipe` pipes a socket into itself. Over another
// module than Node's own if one is given.
'use strict';
const net = require(process.argv[3] ?? 'net');

const variants = {
  data: (socket) => {
    socket.on('data', (chunk) => socket.write(chunk));
  },
  pipe: (socket) => socket.pipe(socket),
};
const echo = variants[process.argv[2]];
if (!echo) {
  console.error('usage: node echo.js data|pipe [MODULE]');
  process.exit(2);
}

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  echo(socket);
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => console.log(`port ${server.address().port}`));
process.stdin.on('data', () => {
  if (global.gc) global.gc();
  const { heapUsed, external } = process.memoryUsage();
  console.log(`heap ${heapUsed + external}`);
});
process.stdin.on('end', () => process.exit(0));
