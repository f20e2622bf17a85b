'use strict';
// What programs do to the reading of a socket past its methods: as in Node, event by event.
const { test } = require('node:test');
const { asInNode } = require('./child.js');

// A server that sends these pieces a few milliseconds apart, and what its client does.
const against = (client) => `(pieces) => {
  const net = require('node:net');
  const heard = [];
  const path = process.env.SCRATCH + '/s';
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    pieces.forEach((piece, at) => setTimeout(() => socket.write(piece), 20 * at));
    setTimeout(() => socket.end(), 20 * pieces.length);
    server.close();
  });
  process.on('exit', () => report(heard));
  server.listen(path, () => {
    const socket = net.connect(path);
    for (const name of ['end', 'close', 'pause', 'resume']) socket.on(name, () => heard.push(name));
    socket.on('error', ({ code, message }) => heard.push([code, message]));
    const data = (chunk) => heard.push([typeof chunk, String(chunk), socket.readableLength]);
    (${client})(socket, heard, data);
  });
}`;

const cases = {
  'unshift within data, paused and flowing': (socket, heard, data) => {
    let times = 0;
    socket.on('data', (chunk) => {
      data(chunk);
      if (++times === 1) {
        socket.pause();
        heard.push(socket.unshift(chunk), socket.unshift('<', 'latin1'), socket.readableFlowing);
        setTimeout(() => socket.resume(), 5);
      } else if (times === 4) {
        heard.push(socket.unshift('nested'));
      }
    });
  },
  'unshift before anything, then read by hand': (socket, heard, data) => {
    heard.push(socket.unshift('early '), socket.readableLength);
    socket.on('readable', () => {
      for (let chunk; (chunk = socket.read(3)) !== null;) data(chunk);
      data(socket.read());
      heard.push('readable');
    });
  },
  'unshift of text with an encoding': (socket, heard, data) => {
    socket.setEncoding('hex');
    let times = 0;
    socket.on('data', (chunk) => {
      data(chunk);
      if (++times === 1) heard.push(socket.unshift('\u00e4', 'utf8'), socket.unshift('abcd', 'hex'));
    });
  },
  'unshift of nothing, and of what is no chunk': (socket, heard, data) => {
    socket.on('data', data);
    heard.push(socket.unshift(''), socket.unshift(Buffer.alloc(0)), socket.unshift(new Uint8Array([65])));
    setTimeout(() => heard.push(socket.unshift(7), socket.destroyed), 10);
  },
  'unshift after end, and after destroy': (socket, heard, data) => {
    socket.on('data', data);
    socket.on('end', () => heard.push(socket.unshift('x'), socket.unshift('')));
    socket.on('close', () => heard.push(socket.unshift('y')));
  },
  'the flow forgotten, until somebody listens': (socket, heard, data) => {
    socket.once('data', (chunk) => {
      data(chunk);
      socket.readableFlowing = null;
      heard.push(socket.readableFlowing, socket.isPaused());
      setTimeout(() => {
        heard.push(socket.readableLength);
        socket.on('data', data);
        heard.push(socket.readableFlowing);
      }, 30);
    });
  },
  'the flow said to be what it is not': (socket, heard, data) => {
    socket.on('data', data);
    socket.once('data', () => {
      socket.readableFlowing = false;
      heard.push(socket.isPaused());
      setTimeout(() => {
        socket.readableFlowing = true;
        heard.push(socket.read()?.length);
      }, 45);
    });
  },
  'the handle stops and starts': (socket, heard, data) => {
    socket.on('data', data);
    socket.once('data', () => {
      heard.push(socket._handle.readStop(), socket.readableFlowing);
      setTimeout(() => {
        heard.push(socket.readableLength);
        heard.push(socket._handle.readStart());
      }, 90);
    });
  },
};

for (const [name, client] of Object.entries(cases)) {
  test(name, () => asInNode(against(client), ['abc', 'defgh', 'ij']));
}
