//! In the steady state an echo allocates nothing: real sockets, the whole face, a 'data' closure, a shared write callback.

#![cfg(unix)]

use netfold::core::trace::{Key, Payload};
use netfold::{Connect, Listen, Net, Recording, ServerOptions, Socket};
use netfold_bench::counting::Counting;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Echoes before counting begins: queues and tables find their sizes.
const WARM_UP: u64 = 200;
/// Echoes that are counted.
const COUNTED: u64 = 2000;

/// What the loop has seen.
#[derive(Debug, Default)]
struct Seen {
    echoes: u64,
    callbacks: u64,
    /// How often the loop's thread had asked for memory when the warm-up ended.
    before: u64,
    /// And when the last echo began that is counted.
    after: u64,
}

impl Seen {
    fn echo(&mut self) {
        self.echoes += 1;
        match self.echoes {
            WARM_UP => self.before = Counting::calls(),
            n if n == WARM_UP + COUNTED => self.after = Counting::calls(),
            _ => {}
        }
    }

    /// The allocations of `COUNTED` whole rounds: from within one 'data' to within another, with all between them.
    fn allocations(&self) -> u64 {
        assert!(self.after > 0, "not enough echoes: {self:?}");
        self.after - self.before
    }
}

/// Sends, waits for the echo, checks it, again and again, in a thread of its own.
fn client(mut stream: impl Read + Write + Send + 'static, size: usize) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut got = vec![0; size];
        for round in 0..=WARM_UP + COUNTED {
            let sent: Vec<u8> = (0..size).map(|at| (at as u64 * 31 + round) as u8).collect();
            stream.write_all(&sent).unwrap();
            stream.read_exact(&mut got).unwrap();
            assert!(got == sent, "echo {round} differs");
        }
    })
}

fn connect_tcp(net: &mut Net<Seen>, server: netfold::Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port(net).unwrap())).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A server for one connection, set up by `set_up`; the client is started when it listens.
fn run(
    on: impl Into<Listen>,
    set_up: impl Fn(&mut Net<Seen>, Socket) + 'static,
    start: impl Fn(&mut Net<Seen>, netfold::Server) -> JoinHandle<()> + 'static,
) -> Seen {
    run_on(Net::new(Seen::default()).unwrap(), on, set_up, start)
}

fn run_on(
    mut net: Net<Seen>,
    on: impl Into<Listen>,
    set_up: impl Fn(&mut Net<Seen>, Socket) + 'static,
    start: impl Fn(&mut Net<Seen>, netfold::Server) -> JoinHandle<()> + 'static,
) -> Seen {
    let server = net.create_server_with(ServerOptions::default(), set_up);
    server.on_connection(&mut net, move |net, _| server.close(net));
    let started = std::rc::Rc::new(std::cell::Cell::new(None));
    let keep = started.clone();
    server.listen_then(&mut net, on, move |net, server| keep.set(Some(start(net, server))));
    net.run().unwrap();
    started.take().unwrap().join().unwrap();
    std::mem::take(&mut net.state)
}

#[test]
fn with_a_shared_callback_over_tcp() {
    let seen = run(
        ("127.0.0.1", 0),
        |net, socket| {
            let callback = net.callback(|net, _, result| {
                assert!(result.is_ok());
                net.state.callbacks += 1;
            });
            socket.on_data(net, move |net, socket, chunk| {
                net.state.echo();
                socket.write_cb(net, chunk, callback);
            });
        },
        |net, server| client(connect_tcp(net, server), 64),
    );
    assert_eq!(seen.allocations(), 0);
    assert_eq!((seen.echoes, seen.callbacks), (WARM_UP + COUNTED + 1, WARM_UP + COUNTED + 1));
}

#[test]
fn without_a_callback_with_an_idle_timeout() {
    let seen = run(
        ("127.0.0.1", 0),
        |net, socket| {
            socket.set_timeout(net, 60_000.0).unwrap();
            socket.on_data(net, |net, socket, chunk| {
                net.state.echo();
                socket.write(net, chunk);
            });
        },
        |net, server| client(connect_tcp(net, server), 64),
    );
    assert_eq!(seen.allocations(), 0);
}

#[test]
fn with_chunks_as_long_as_the_high_water_mark() {
    let seen = run(
        ("127.0.0.1", 0),
        |net, socket| {
            socket.on_data(net, |net, socket, chunk| {
                net.state.echo();
                if !socket.write(net, chunk) {
                    socket.pause(net);
                }
            });
            socket.on_drain(net, |net, socket| socket.resume(net));
        },
        |net, server| client(connect_tcp(net, server), 16 * 1024),
    );
    assert_eq!(seen.allocations(), 0);
}

#[test]
fn over_a_unix_path_with_ticks_of_the_machine_and_two_listeners() {
    let path = std::env::temp_dir().join(format!("netfold-no-allocation-{}", std::process::id()));
    let to = path.clone();
    let seen = run(
        Listen::path(&path),
        |net, socket| {
            socket.on_data(net, |net, _, _| net.state.echo());
            socket.on_data(net, |net, socket, chunk| {
                socket.write(net, chunk);
            });
        },
        move |_, _| client(UnixStream::connect(&to).unwrap(), 64),
    );
    assert_eq!(seen.allocations(), 0);
}

/// Both ends on one loop: the client's side allocates nothing either.
#[test]
fn between_two_sockets_of_one_loop() {
    let mut net = Net::new(Seen::default()).unwrap();
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, socket, chunk| {
            socket.write(net, chunk);
        });
    });
    server.on_connection(&mut net, move |net, _| server.close(net));
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
        let port = server.port(net).unwrap();
        let client = net.connect(Connect::port(port).host("127.0.0.1").no_delay(true)).unwrap();
        client.write(net, vec![9; 64]);
        client.on_data(net, |net, client, chunk| {
            net.state.echo();
            if net.state.echoes > WARM_UP + COUNTED {
                client.end(net);
            } else {
                client.write(net, chunk);
            }
        });
    });
    net.run().unwrap();
    assert_eq!(net.state.allocations(), 0);
}

#[test]
fn while_it_is_recorded() {
    for payload in [Payload::Length, Payload::Hash(Key::new([1; 16])), Payload::Full] {
        let recording = Recording::to(std::io::sink()).payload(payload, payload);
        let seen = run_on(
            Net::recorded(Seen::default(), recording).unwrap(),
            ("127.0.0.1", 0),
            |net, socket| {
                let callback = net.callback(|net, _, _| net.state.callbacks += 1);
                socket.on_data(net, move |net, socket, chunk| {
                    net.state.echo();
                    socket.write_cb(net, chunk, callback);
                });
            },
            |net, server| client(connect_tcp(net, server), 64),
        );
        assert_eq!(seen.allocations(), 0, "{payload:?}");
    }
}
