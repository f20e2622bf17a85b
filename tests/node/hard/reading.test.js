'use strict';
// What programs do to a socket past its methods, and see of it: as in Node, event by event.
const { test } = require('node:test');
const { asInNode } = require('./child.js');

// A server that sends these pieces, each when the one before it has come in, and what its client does. `after(n, act)` acts
// when the piece n has come in, or has had the turns to.
const against = (client) => `(pieces) => {
  const net = require('node:net');
  const heard = [];
  const acts = [];
  const after = (n, act) => { acts[n] = act; };
  const path = process.env.SCRATCH + '/s';
  const turn = () => new Promise((resolve) => { setImmediate(resolve); });
  const send = async (peer, socket) => {
    let sent = 0;
    for (const [at, piece] of pieces.entries()) {
      peer.write(piece);
      sent += piece.length;
      for (let turns = 0; turns < 100 && socket.bytesRead < sent; turns++) await turn();
      await turn();
      acts[at + 1]?.();
      await turn();
    }
    peer.end();
    for (let turns = 0; turns < 20; turns++) await turn();
    acts.end?.();
  };
  let socket;
  const server = net.createServer((peer) => {
    peer.on('error', () => {});
    server.close();
    send(peer, socket);
  });
  process.on('exit', () => report(heard));
  server.listen(path, () => {
    socket = net.connect(path);
    for (const name of ['end', 'close', 'pause', 'resume']) socket.on(name, () => heard.push(name));
    socket.on('error', ({ code, message }) => heard.push([code, message]));
    const data = (chunk) => heard.push([typeof chunk, String(chunk), socket.readableLength]);
    (${client})(socket, heard, data, after);
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
        setImmediate(() => socket.resume());
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
  'unshift of nothing, and of what is no chunk': (socket, heard, data, after) => {
    socket.on('data', data);
    heard.push(socket.unshift(''), socket.unshift(Buffer.alloc(0)), socket.unshift(new Uint8Array([65])));
    after(2, () => heard.push(socket.unshift(7), socket.destroyed));
  },
  'unshift after end, and after destroy': (socket, heard, data) => {
    socket.on('data', data);
    socket.on('end', () => heard.push(socket.unshift('x'), socket.unshift('')));
    socket.on('close', () => heard.push(socket.unshift('y')));
  },
  'the flow forgotten, until somebody listens': (socket, heard, data, after) => {
    socket.once('data', (chunk) => {
      data(chunk);
      socket.readableFlowing = null;
      heard.push(socket.readableFlowing, socket.isPaused());
    });
    after(2, () => {
      heard.push(socket.readableLength);
      socket.on('data', data);
      heard.push(socket.readableFlowing);
    });
  },
  'the flow said to be what it is not': (socket, heard, data, after) => {
    socket.on('data', data);
    socket.once('data', () => {
      socket.readableFlowing = false;
      heard.push(socket.isPaused());
    });
    after(2, () => {
      socket.readableFlowing = true;
      heard.push(socket.read()?.length);
    });
    after('end', () => socket.resume());
  },
  'the handle stops and starts': (socket, heard, data, after) => {
    socket.on('data', data);
    socket.once('data', () => heard.push(socket._handle.readStop(), socket.readableFlowing));
    after('end', () => heard.push(socket.readableLength, socket._handle.readStart()));
  },
};

for (const [name, client] of Object.entries(cases)) {
  test(name, () => asInNode(against(client), ['abc', 'defgh', 'ij']));
}

test('what a socket is, and what its states say on its way', () => asInNode(() => {
  const { EventEmitter } = require('node:events');
  const net = require('node:net');
  const stream = require('node:stream');
  const seen = [];
  const is = (what) => [stream, stream.Duplex, stream.Readable, stream.Writable, EventEmitter, net.Socket, net.Stream]
    .map((kind) => what instanceof kind);
  const names = {
    _readableState: ['ended', 'endEmitted', 'reading', 'length', 'flowing', 'needReadable', 'emittedReadable', 'resumeScheduled',
                     'readingMore', 'readableListening', 'errorEmitted', 'closeEmitted', 'destroyed', 'closed', 'errored', 'encoding',
                     'dataEmitted', 'objectMode', 'highWaterMark', 'autoDestroy', 'emitClose', 'constructed'],
    _writableState: ['ending', 'ended', 'finished', 'length', 'corked', 'needDrain', 'pendingcb', 'errorEmitted', 'closeEmitted',
                     'destroyed', 'closed', 'errored', 'writing', 'finalCalled', 'prefinished', 'decodeStrings', 'objectMode',
                     'highWaterMark', 'autoDestroy', 'emitClose', 'constructed'],
  };
  const show = (label, socket) => {
    for (const [state, list] of Object.entries(names)) {
      seen.push(`${label} ${state} ${list.map((name) => `${name} ${socket[state][name]?.code ?? socket[state][name]}`).join(', ')}`);
    }
  };
  const server = net.createServer((socket) => {
    socket.end('hello');
    socket.resume();
  });
  seen.push(is(new net.Socket()), is(server));
  server.listen(`${process.env.SCRATCH}/s`, () => {
    const socket = net.connect(server.address());
    show('made', socket);
    socket.cork();
    socket.write('a', () => show('written', socket));
    show('corked', socket);
    socket.on('connect', () => {
      show('connect', socket);
      socket.uncork();
      show('uncorked', socket);
    });
    setTimeout(() => {
      show('unread', socket);
      socket.on('data', () => show('data', socket));
      show('heard', socket);
      process.nextTick(show, 'a tick later', socket);
    }, 40);
    socket.on('end', () => {
      show('end', socket);
      socket.destroy(Object.assign(new Error('over'), { code: 'OVER' }));
      show('destroyed', socket);
    });
    socket.on('error', () => show('error', socket));
    socket.on('close', () => {
      show('close', socket);
      server.close();
    });
  });
  process.on('exit', () => report(seen));
}));

// The machine's scenario of rule P2, through the face's own pipe.
test("'drain' resumes a source whose 'data' listeners were all taken off together", () => asInNode(() => {
  const net = require('node:net');
  const heard = [];
  const server = net.createServer().listen(`${process.env.SCRATCH}/s`, () => {
    const socket = new net.Socket();
    for (const name of ['pause', 'resume', 'drain', 'close']) socket.on(name, () => heard.push(name));
    socket.once('error', ({ code }) => {
      heard.push(code);
      setImmediate(() => socket.connect(server.address()));
    });
    socket.write('ab');
    socket.write(Buffer.alloc(20_000));
    socket.on('pipe', () => {
      socket.removeAllListeners('data');
      socket.write('');
    });
    socket.on('connect', () => {
      heard.push(socket.writableNeedDrain);
      socket.pipe(socket);
      setTimeout(() => {
        socket.destroy();
        server.close();
      }, 30);
    });
  });
  process.on('exit', () => report(heard));
}));

test('an end that comes together with data is heard, with nothing else that wakes the loop', () => asInNode(() => {
  const net = require('node:net');
  const heard = [];
  const server = net.createServer((socket) => {
    server.close();
    socket.on('data', (chunk) => heard.push(String(chunk))).on('end', () => heard.push('end'));
  });
  server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').end('all'));
  process.on('exit', () => report(heard));
}));
