//! What goes wrong: connections refused, reset and half gone at every phase, listeners that panic, errors nobody hears.
//! Each is told once, in a typed way; the loop goes on; nothing is left behind.
#![cfg(unix)]

mod common;

use common::{Log, Scratch, alone, assert_clean, descriptors, drain, hear, new, reset, serve, socket, until};
use netfold::core::Target;
use netfold::{
    AbortController, Connect, Errno, EventKind, Limits, LookupCode, LookupRequest, Net, NetError, NodeError,
    ReadyState, Server, ServerOptions, SharedError, Socket, SocketOptions, System,
};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

const ENDS: [EventKind; 6] =
    [EventKind::Connect, EventKind::Data, EventKind::End, EventKind::Finish, EventKind::Error, EventKind::Close];

/// A port of the loopback where nobody listens.
fn refusing() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Rules C9, C12, L2: refused is one 'error' with Node's code and place, then 'close', over TCP and a path.
#[test]
fn refused_connects() {
    let _alone = alone();
    let before = descriptors();
    let mut net = new(Vec::new());
    let (port, missing, stale) = (refusing(), Scratch::new("missing"), Scratch::new("stale"));
    drop(std::os::unix::net::UnixListener::bind(&stale.0).unwrap());
    let targets = [
        (Connect::from(("127.0.0.1", port)), "connect ECONNREFUSED 127.0.0.1:".to_string() + &port.to_string()),
        (Connect::path(&missing.0), format!("connect ENOENT {}", missing.0.display())),
        (Connect::path(&stale.0), format!("connect ECONNREFUSED {}", stale.0.display())),
    ];
    for (to, message) in targets {
        let client = net.connect(to).unwrap();
        client.on_connect(&mut net, |_, _| panic!("nobody is there"));
        client.on_error(&mut net, |net, _, error| net.state.push(error.to_string()));
        client.on_close(&mut net, |net, _, had_error| net.state.push(format!("{had_error:?}")));
        client.write_then(&mut net, "x", |net, _, result| {
            net.state.push(result.expect_err("it is never sent").code().to_string());
        });
        net.run().unwrap();
        assert_eq!(net.state[0], message);
        assert!(net.state.contains(&"Some(true)".to_string()), "{:?}", net.state);
        assert!(net.state.contains(&"ERR_SOCKET_CLOSED_BEFORE_CONNECTION".to_string()), "{:?}", net.state);
        assert_eq!(net.state.len(), 3);
        net.state.clear();
    }
    assert_clean(&mut net, 0);
    drop(net);
    assert_eq!(descriptors(), before);
}

/// A form of `net.connect`.
type Form<'f> = &'f dyn Fn(&mut Net<()>) -> Result<Socket, SharedError>;

/// Rule F12: of a `net.connect` that throws, nobody has the socket: it is gone, whatever threw, and nothing is emitted.
#[test]
fn a_connect_that_throws_leaves_no_socket() {
    let limits = Limits { sockets: 1, ..Limits::DEFAULT };
    let mut net = Net::with_host((), System::new().unwrap(), limits);
    let wrong = [
        || Connect::port(65_536),
        || Connect::port(1).host("127.0.0.1").local_port(70_000),
        || Connect::port(1).host("127.0.0.1").local_address("here"),
        || Connect::port(1).timeout(-1.0),
        || Connect::port(1).auto_select_family_attempt_timeout(0),
    ];
    for wrong in wrong {
        let controller = AbortController::new();
        let forms: [Form<'_>; 5] = [
            &|net| net.connect(wrong()),
            &|net| net.create_connection(wrong().signal(controller.signal())),
            &|net| net.connect_then(wrong(), |_, _| panic!("it does not connect")),
            &|net| net.connect_on_read(wrong(), 100, |_, _, _| panic!("it reads nothing")),
            &|net| net.connect_looking_up(wrong(), |_, _| panic!("nothing is looked up")),
        ];
        for form in forms {
            let thrown = form(&mut net).map(|socket| socket.id());
            let code = thrown.as_ref().map_err(|error| error.code());
            assert!(code.is_err_and(|code| code != "ERR_NETFOLD_LIMIT"), "{code:?}");
            // What is over in one turn is freed at the beginning of a later one.
            net.set_timeout(1.0, |net| {
                net.set_timeout(1.0, |_| {});
            });
            net.run().unwrap();
            assert_eq!(net.core().census().sockets, 0, "{code:?}");
        }
        controller.abort(&mut net);
    }
    let there = net.socket(SocketOptions::default()).expect("there is room");
    there.destroy(&mut net);
    net.run().unwrap();
}

/// A refused socket can connect again, to where somebody listens (rules L16, C13).
#[test]
fn refused_and_then_not() {
    let _alone = alone();
    let mut net = new(Log::new());
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let client = net.connect(("127.0.0.1", refusing())).unwrap();
    client.retain(&mut net);
    hear(&mut net, client, "c", &ENDS);
    client.once(&mut net, EventKind::Close, move |net, client, _| {
        client.connect(net, bound.addr()).unwrap();
        client.end_with(net, "x");
    });
    client.on_end(&mut net, move |net, _| bound.server.close(net));
    net.run().unwrap();
    let want = [
        "c error ECONNREFUSED",
        "c close Some(true)",
        "c connect",
        "c finish",
        "c data",
        "c end",
        "c close Some(false)",
    ];
    assert_eq!(net.state, want);
    client.release(&mut net);
    assert_clean(&mut net, 1);
}

/// What the peer of a socket of ours is made to do.
struct Peer {
    listener: TcpListener,
}

impl Peer {
    fn new() -> Self {
        Self { listener: TcpListener::bind(("127.0.0.1", 0)).unwrap() }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    fn accept(&self) -> TcpStream {
        let stream = self.listener.accept().unwrap().0;
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }
}

/// A client of ours that hears everything, connected to a peer outside.
fn connected(net: &mut Net<Log>, peer: &Peer, options: SocketOptions) -> (Socket, TcpStream) {
    let client = net.socket(options).unwrap();
    hear(
        net,
        client,
        "c",
        &[EventKind::Connect, EventKind::End, EventKind::Finish, EventKind::Error, EventKind::Close],
    );
    client.connect(net, ("127.0.0.1", peer.port())).unwrap();
    // The attempt is made in a tick (rule C3).
    net.dispatch().unwrap();
    let stream = peer.accept();
    until(net, |net| net.state.iter().any(|line| line == "c connect"));
    (client, stream)
}

fn count(log: &[String], begin: &str) -> usize {
    log.iter().filter(|line| line.starts_with(begin)).count()
}

/// Runs to the end; one 'error' of these codes at most, then one 'close' that says so; nothing is left.
fn ends_with_one_of(net: &mut Net<Log>, codes: &[&str]) {
    net.run().unwrap();
    let errors: Vec<_> = net.state.iter().filter_map(|line| line.strip_prefix("c error ")).collect();
    assert_eq!(errors.len(), 1, "{:?}", net.state);
    assert!(codes.contains(&errors[0]), "{:?}", net.state);
    assert_eq!(count(&net.state, "c close"), 1);
    assert_eq!(net.state.last().map(String::as_str), Some("c close Some(true)"), "{:?}", net.state);
    assert_clean(net, 0);
}

/// Rule L9: `resetAndDestroy` before the connection is there waits for it, then sends RST; no error on this side.
#[test]
fn our_reset_before_the_connection_is_there() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let client = net.connect(("127.0.0.1", peer.port())).unwrap();
    hear(&mut net, client, "c", &ENDS);
    client.reset_and_destroy(&mut net).unwrap();
    assert!(!client.destroyed(&net));
    net.run().unwrap();
    assert_eq!(net.state, ["c connect", "c close Some(false)"]);
    assert_eq!(drain(&mut peer.accept()).1, Some(std::io::ErrorKind::ConnectionReset));
    // Destroyed while connecting: silent (rule C14).
    let client = net.connect(("127.0.0.1", peer.port())).unwrap();
    hear(&mut net, client, "d", &ENDS);
    // Behind the attempt, which is made in a tick.
    net.next_tick(move |net| client.destroy(net));
    net.run().unwrap();
    assert_eq!(net.state[2..], ["d close Some(false)"]);
    assert_clean(&mut net, 0);
}

/// The peer resets right after it accepted, so before or just after 'connect' is told.
#[test]
fn a_reset_at_the_connection() {
    let _alone = alone();
    for _ in 0..50 {
        let (mut net, peer) = (new(Log::new()), Peer::new());
        let client = net.connect(("127.0.0.1", peer.port())).unwrap();
        hear(&mut net, client, "c", &ENDS);
        net.dispatch().unwrap();
        reset(peer.accept());
        ends_with_one_of(&mut net, &["ECONNRESET"]);
    }
}

/// Rules R18, E3: a reset of an idle connection is 'error' "read ECONNRESET", not 'end'.
#[test]
fn a_reset_of_an_idle_connection() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let (client, stream) = connected(&mut net, &peer, SocketOptions::default());
    client.on_error(&mut net, |_, _, error| {
        assert_eq!(error.to_string(), "read ECONNRESET");
        assert_eq!((error.sys(), error.syscall()), (Some(Errno::ECONNRESET), Some("read")));
    });
    reset(stream);
    ends_with_one_of(&mut net, &["ECONNRESET"]);
    assert_eq!(count(&net.state, "c end"), 0);
}

/// Rules R4, R18: a paused socket below its mark still reads, so it learns of the reset; what it kept is not delivered.
#[test]
fn a_reset_with_data_unread_below_the_mark() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let (client, mut stream) = connected(&mut net, &peer, SocketOptions::default());
    client.on_data(&mut net, |_, _, _| panic!("it is paused"));
    client.pause(&mut net);
    stream.write_all(&[1; 1000]).unwrap();
    until(&mut net, |net| client.bytes_read(net) == 1000);
    reset(stream);
    ends_with_one_of(&mut net, &["ECONNRESET"]);
}

/// Rule R3: stopped at its mark it learns nothing, and does not spin on the hang-up, until it is resumed; what it kept
/// is delivered then, and after it the reset.
#[test]
fn a_reset_with_data_unread_at_the_mark() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let (client, mut stream) = connected(&mut net, &peer, SocketOptions::default());
    client.on_data(&mut net, |net, _, chunk| net.state.push(format!("c data {}", chunk.len())));
    client.pause(&mut net);
    stream.write_all(&[1; 16 * 1024]).unwrap();
    until(&mut net, |net| client.bytes_read(net) == 16 * 1024);
    reset(stream);
    for _ in 0..20 {
        net.dispatch().unwrap();
    }
    assert!(!common::wait(&mut net, Duration::from_millis(20)), "the loop would spin");
    assert_eq!(net.state, ["c connect"]);
    client.resume(&mut net);
    net.run().unwrap();
    let data: usize =
        net.state.iter().filter_map(|l| l.strip_prefix("c data ")).map(|n| n.parse::<usize>().unwrap()).sum();
    assert_eq!(data, 16 * 1024);
    ends_with_one_of(&mut net, &["ECONNRESET"]);
}

/// Rules W16, W17, W22: a reset with a write in flight. Every callback is called once: that in flight and those behind it.
#[test]
fn a_reset_with_a_write_in_flight() {
    let _alone = alone();
    for how in ["resets", "vanishes mid-write"] {
        let (mut net, peer) = (new(Log::new()), Peer::new());
        let (client, mut stream) = connected(&mut net, &peer, SocketOptions::default());
        for n in 0..3 {
            let flows = client.write_then(&mut net, vec![n; 16 << 20], move |net, _, result| {
                net.state
                    .push(format!("callback {n} {}", result.map_or_else(|e| e.code().to_string(), |()| "ok".into())));
            });
            assert!(!flows);
        }
        // Some of it gets through.
        let mut some = vec![1; 1 << 20];
        let mut got = 0;
        stream.set_nonblocking(true).unwrap();
        until(&mut net, |_| {
            got += stream.read(&mut some).unwrap_or(0);
            got > 1 << 20
        });
        match how {
            "resets" => reset(stream),
            // Its unread bytes make a reset of that.
            _ => drop(stream),
        }
        ends_with_one_of(&mut net, &["ECONNRESET", "EPIPE"]);
        let calls: Vec<_> = net.state.iter().filter(|line| line.starts_with("callback")).collect();
        assert_eq!(calls.len(), 3, "{how}: {calls:?}");
        for (n, call) in calls.iter().enumerate() {
            assert!(call.starts_with(&format!("callback {n} ")), "{how}: in order: {calls:?}");
        }
        assert!(calls[1..].iter().all(|call| !call.ends_with("ok")), "{how}: {calls:?}");
    }
}

/// A reset while `end` waits for what is queued before it (rule W17), and while FIN is sent and the peer's is awaited.
#[test]
fn a_reset_during_shutdown() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let (client, stream) = connected(&mut net, &peer, SocketOptions::default());
    client.end_with_then(&mut net, vec![1; 16 << 20], |net, _, result| {
        net.state.push(format!("end {}", result.expect_err("FIN was never sent").code()));
    });
    net.dispatch().unwrap();
    reset(stream);
    ends_with_one_of(&mut net, &["ECONNRESET", "EPIPE"]);
    assert_eq!((count(&net.state, "end E"), count(&net.state, "c finish")), (1, 0), "{:?}", net.state);

    let (mut net, peer) = (new(Log::new()), Peer::new());
    let (client, mut stream) = connected(&mut net, &peer, SocketOptions::default());
    client.end_then(&mut net, |net, _, result| net.state.push(format!("end {result:?}")));
    assert_eq!(stream.set_nonblocking(false).map(|()| 0).unwrap(), 0);
    until(&mut net, |net| net.state.iter().any(|line| line == "c finish"));
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "FIN has come");
    reset(stream);
    ends_with_one_of(&mut net, &["ECONNRESET"]);
    assert_eq!(net.state[..3], ["c connect", "end Ok(())", "c finish"]);
}

/// A reset after the peer's 'end', on a half-open socket: found by writing (rule L14), once.
#[test]
fn a_reset_after_end() {
    let _alone = alone();
    let (mut net, peer) = (new(Log::new()), Peer::new());
    let options = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let (client, stream) = connected(&mut net, &peer, options);
    client.resume(&mut net);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    until(&mut net, |net| net.state.iter().any(|line| line == "c end"));
    assert_eq!(client.ready_state(&net), ReadyState::WriteOnly);
    reset(stream);
    // Nothing reads any more; nothing spins.
    for _ in 0..20 {
        net.dispatch().unwrap();
    }
    assert!(!common::wait(&mut net, Duration::from_millis(20)), "the loop would spin");
    client.write_then(&mut net, "x", |net, _, result| net.state.push(format!("callback {}", result.is_ok())));
    until(&mut net, |net| count(&net.state, "callback") == 1);
    if !client.destroyed(&net) {
        client.write(&mut net, "y");
    }
    ends_with_one_of(&mut net, &["ECONNRESET", "EPIPE"]);
}

/// Rule L14: half-open on either side. What the other end has ended can still be written to, to the last byte.
#[test]
fn half_open_both_ways() {
    let _alone = alone();
    // The server keeps its side open after the client's FIN.
    let mut net = new(Log::new());
    let half = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    let bound = serve(&mut net, ServerOptions { socket: half, ..ServerOptions::default() }, |net, socket| {
        hear(net, socket, "s", &[EventKind::End, EventKind::Finish, EventKind::Close]);
        socket.on_end(net, |net, socket| {
            socket.write(net, "late");
            net.set_timeout(20.0, move |net| socket.end_with(net, vec![b'!'; 300_000]));
        });
        socket.resume(net);
    });
    let mut outside = bound.outside();
    outside.write_all(b"question").unwrap();
    outside.shutdown(std::net::Shutdown::Write).unwrap();
    let thread = std::thread::spawn(move || drain(&mut outside));
    until(&mut net, |net| net.state.len() == 3);
    let (got, error) = thread.join().unwrap();
    assert_eq!((got.len(), error), (4 + 300_000, None));
    assert_eq!(net.state, ["s end", "s finish", "s close Some(false)"]);
    // Our client ends first, and goes on reading; the peer, outside, sends for a while.
    net.state.clear();
    let peer = Peer::new();
    let (client, mut stream) = connected(&mut net, &peer, half);
    client.on_data(&mut net, |net, _, chunk| net.state.push(format!("c data {}", chunk.len())));
    client.end_with(&mut net, "only this");
    until(&mut net, |net| net.state.iter().any(|line| line == "c finish"));
    assert_eq!(client.ready_state(&net), ReadyState::ReadOnly);
    assert_eq!(drain(&mut stream).0, b"only this");
    stream.write_all(&[7; 1000]).unwrap();
    until(&mut net, |net| client.bytes_read(net) == 1000);
    assert_eq!(count(&net.state, "c close"), 0);
    drop(stream);
    until(&mut net, |net| count(&net.state, "c close") == 1);
    assert_eq!(net.state[net.state.len() - 2..], ["c end", "c close Some(false)"]);
    // Not half-open (rule L12): after the peer's FIN this side ends by itself, with what was written before it.
    net.state.clear();
    let (client, mut stream) = connected(&mut net, &peer, SocketOptions::default());
    client.resume(&mut net);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    client.write(&mut net, "bye");
    until(&mut net, |net| count(&net.state, "c close") == 1);
    assert_eq!(net.state, ["c connect", "c end", "c finish", "c close Some(false)"]);
    assert_eq!(drain(&mut stream), (b"bye".to_vec(), None));
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
}

/// Rules L2, L3: an 'error' that nobody listens for leaves `run` with who and what; `run` again goes on, 'close' comes.
#[test]
fn an_error_that_nobody_hears() {
    let _alone = alone();
    let mut net = new(Log::new());
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let client = net.connect(("127.0.0.1", refusing())).unwrap();
    hear(&mut net, client, "c", &[EventKind::Close]);
    let other = net.connect(bound.addr()).unwrap();
    other.end_with(&mut net, "x");
    hear(&mut net, other, "o", &[EventKind::Data, EventKind::Close]);
    let Err(NetError::Unhandled(unhandled)) = net.run() else { panic!("nobody hears it") };
    assert_eq!(unhandled.source, Target::Socket(client.id()));
    assert_eq!((unhandled.error.code(), unhandled.error.syscall()), ("ECONNREFUSED", Some("connect")));
    let text = NetError::Unhandled(unhandled.clone()).to_string();
    assert!(text.contains("'error'") && text.contains("connect ECONNREFUSED 127.0.0.1:"), "{text}");
    assert_eq!(count(&net.state, "c close"), 0);
    other.on_close(&mut net, move |net, _, _| bound.server.close(net));
    net.run().unwrap();
    let mut log = net.state.clone();
    log.sort();
    assert_eq!(log, ["c close Some(true)", "o close Some(false)", "o data"]);
    assert_clean(&mut net, 1);
    // The same from a server, which can listen again afterwards, and from `destroy(error)` in the program.
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = net.create_server(|_, _| {});
    server.listen(&mut net, taken.local_addr().unwrap()).unwrap();
    let Err(NetError::Unhandled(unhandled)) = net.run() else { panic!("nobody hears it") };
    assert_eq!((unhandled.source, unhandled.error.code()), (Target::Server(server.id()), "EADDRINUSE"));
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| server.close(net));
    net.run().unwrap();
    let mine = socket(&mut net);
    hear(&mut net, mine, "m", &[EventKind::Close]);
    mine.destroy_with(&mut net, "my own");
    let Err(NetError::Unhandled(unhandled)) = net.run() else { panic!("nobody hears it") };
    assert_eq!(*unhandled.error, NodeError::user("my own"));
    net.run().unwrap();
    assert_eq!(net.state.last().map(String::as_str), Some("m close None"));
    assert_clean(&mut net, 2);
}

/// Many errors that nobody hears: each `run` tells one, none is lost.
#[test]
fn every_unheard_error_is_told() {
    let _alone = alone();
    let mut net = new(());
    let port = refusing();
    let mut clients: Vec<_> = (0..20).map(|_| net.connect(("127.0.0.1", port)).unwrap().id()).collect();
    loop {
        match net.run() {
            Ok(()) => break,
            Err(NetError::Unhandled(unhandled)) => {
                let at = clients.iter().position(|id| Target::Socket(*id) == unhandled.source).expect("told once");
                clients.swap_remove(at);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(clients.is_empty(), "{clients:?}");
    assert_clean(&mut net, 0);
}

/// Rule T9: a panic in a listener that runs inside a command can be caught by the caller of the command, who goes on; the
/// loop never hears of it.
#[test]
fn a_nested_panic_can_be_caught_by_the_caller() {
    let _alone = alone();
    let mut net = new(Log::new());
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let client = net.connect(bound.addr()).unwrap();
    hear(&mut net, client, "c", &[EventKind::Error, EventKind::Close]);
    let panics = client.on_pause(&mut net, |_, _| panic!("in pause"));
    client.on_data(&mut net, move |net, client, chunk| {
        net.state.push(String::from_utf8(chunk.to_vec()).unwrap());
        if net.state.len() > 1 {
            client.end(net);
            return;
        }
        let caught = catch_unwind(AssertUnwindSafe(|| client.pause(net))).expect_err("it panics");
        assert_eq!(caught.downcast_ref(), Some(&"in pause"));
        // What changed before the listener ran stays changed (rule R8): flowing is false, the pause is not explicit.
        assert_eq!(client.view(net).unwrap().readable_flowing(), Some(false));
        client.off(net, panics);
        client.resume(net);
        client.write(net, "again");
    });
    client.write(&mut net, "once");
    client.on_end(&mut net, move |net, _| bound.server.close(net));
    net.run().unwrap();
    assert_eq!(net.state, ["once", "again", "c close Some(false)"]);
    assert_clean(&mut net, 1);
    // Not caught it goes through all the callers, and out of `run`: two listeners deep here.
    let lonely = socket(&mut net);
    lonely.on_resume(&mut net, |net, lonely| lonely.pause(net));
    lonely.on_pause(&mut net, |_, _| std::panic::panic_any(42u8));
    lonely.resume(&mut net);
    let Err(NetError::Panicked(panicked)) = net.run() else { panic!("it panics") };
    assert_eq!(panicked.message(), None);
    assert_eq!(panicked.into_payload().downcast_ref(), Some(&42u8));
    // And out of the program's own call, if that is where it was made.
    lonely.resume(&mut net);
    assert!(catch_unwind(AssertUnwindSafe(|| lonely.pause(&mut net))).is_err());
    lonely.remove_all_listeners(&mut net, None);
    lonely.destroy(&mut net);
    assert_clean(&mut net, 1);
}

/// Where the program of [`panics_anywhere`] can panic; the last four only at its end, or nowhere.
const PLACES: [&str; 31] = [
    "server connection",
    "server listening",
    "server drop",
    "server error",
    "tick",
    "immediate",
    "timer",
    "interval",
    "post",
    "lookup",
    "connect",
    "ready",
    "data",
    "drain",
    "pause",
    "resume",
    "timeout",
    "end",
    "finish",
    "close",
    "write callback",
    "shared callback",
    "end callback",
    "readable",
    "own lookup",
    "error",
    "count callback",
    "server close",
    "close callback",
    "nowhere",
    "nowhere again",
];

/// Where the program of [`panics_anywhere`] panics, once.
#[derive(Default)]
struct Trap {
    place: &'static str,
    sprung: usize,
    sockets: Vec<Socket>,
    visited: Vec<&'static str>,
    /// What was asked of the program's own lookup: its to answer, whatever becomes of the function.
    asked: Vec<LookupRequest>,
}

fn here(net: &mut Net<Trap>, place: &'static str) {
    net.state.visited.push(place);
    if net.state.place == place && net.state.sprung == 0 {
        net.state.sprung = 1;
        panic!("at {place}");
    }
}

/// A listener for each event of a socket, under the names of the places.
fn listen_for(net: &mut Net<Trap>, socket: Socket, places: &[(EventKind, &'static str)]) {
    net.state.sockets.push(socket);
    for &(event, place) in places {
        socket.on(net, event, move |net, _, _| here(net, place));
    }
    // What a panic leaves undone makes errors elsewhere: no concern of this program's.
    socket.on_error(net, |_, _, _| {});
}

/// Every kind of event, callback and task once, in one program.
fn trapped(net: &mut Net<Trap>, peer: &Peer) -> Vec<Server> {
    let server = net.create_server(|net, socket| {
        net.state.sockets.push(socket);
        socket.on_error(net, |_, _, _| {});
        common::echo(net, socket);
        here(net, "server connection");
    });
    server.on_listening(net, |net, _| here(net, "server listening"));
    server.on_drop(net, |net, _, _| here(net, "server drop"));
    server.on_close(net, |net, _| here(net, "server close"));
    server.listen(net, ("127.0.0.1", 0)).unwrap();
    let busy = net.create_server(|_, _| {});
    busy.on_error(net, |net, _, _| here(net, "server error"));
    busy.listen(net, peer.listener.local_addr().unwrap()).unwrap();
    net.next_tick(|net| here(net, "tick"));
    net.set_immediate(|net| here(net, "immediate"));
    net.set_timeout(1.0, |net| here(net, "timer"));
    let interval = net.set_interval(2.0, |net| here(net, "interval"));
    net.set_timeout(20.0, move |net| net.clear_timer(interval));
    let poster = net.poster();
    poster.post(|net| here(net, "post"));
    net.set_timeout(3.0, move |net| {
        let port = server.port(net).expect("it listens");
        // By name, and everything a flowing client can hear.
        let client = socket(net);
        listen_for(
            net,
            client,
            &[
                (EventKind::Lookup, "lookup"),
                (EventKind::Connect, "connect"),
                (EventKind::Ready, "ready"),
                (EventKind::Data, "data"),
                (EventKind::Drain, "drain"),
                (EventKind::Pause, "pause"),
                (EventKind::Resume, "resume"),
                (EventKind::Timeout, "timeout"),
                (EventKind::End, "end"),
                (EventKind::Finish, "finish"),
                (EventKind::Close, "close"),
            ],
        );
        client.connect(net, Connect::port(port).host("localhost").family(4)).unwrap();
        client.set_timeout(net, 5.0).unwrap();
        client.write_then(net, vec![1; 4 << 20], |net, _, _| here(net, "write callback"));
        let shared = net.callback(|net, _, _| here(net, "shared callback"));
        client.write_cb(net, "x", shared);
        client.once(net, EventKind::Drain, |net, client, _| {
            client.pause(net);
            resume_once_idle(net, client);
        });
        // By a lookup of its own, read by hand.
        let reader = socket(net);
        listen_for(net, reader, &[(EventKind::Readable, "readable")]);
        let to = Connect::port(port).host("by-hand.test");
        let looked = reader.connect_looking_up(net, to, |net, request| {
            net.state.asked.push(request.clone());
            here(net, "own lookup");
            request.answer(net, Ok(vec![Ipv4Addr::LOCALHOST.into()]));
        });
        looked.unwrap();
        reader.write(net, "y");
        // One that fails.
        let refused = socket(net);
        net.state.sockets.push(refused);
        refused.on_error(net, |net, _, _| here(net, "error"));
        refused.connect(net, ("127.0.0.1", refusing())).unwrap();
        server.get_connections(net, |net, _| here(net, "count callback"));
    });
    net.set_timeout(15.0, move |net| one_too_many(net, server));
    net.set_timeout(60.0, move |net| end_of_trapped(net, server, 2000));
    vec![server, busy]
}

/// A paused client goes on, and ends: once its idle timeout was heard, or there was a panic.
fn resume_once_idle(net: &mut Net<Trap>, client: Socket) {
    if net.state.sprung == 0 && !net.state.visited.contains(&"timeout") {
        net.set_timeout(5.0, move |net| resume_once_idle(net, client));
        return;
    }
    client.resume(net);
    client.end_then(net, |net, _, _| here(net, "end callback"));
}

/// Connections that are dropped: once the others are in, on however busy a machine, or there was a panic.
fn one_too_many(net: &mut Net<Trap>, server: Server) {
    // Not how many there are now: the first may have come to its end.
    let accepted = net.state.visited.iter().filter(|place| **place == "server connection").count();
    if net.state.sprung == 0 && accepted < 2 {
        net.set_timeout(5.0, move |net| one_too_many(net, server));
        return;
    }
    let Some(port) = server.port(net) else { return };
    server.set_max_connections(net, 1);
    for _ in 0..2 {
        let dropped = net.connect(("127.0.0.1", port)).unwrap();
        listen_for(net, dropped, &[]);
    }
}

/// The end: once everything was reached, or, since a panic leaves things undone, once there was one.
fn end_of_trapped(net: &mut Net<Trap>, server: Server, patience: u32) {
    let reached = |place| net.state.visited.contains(place);
    if patience > 0 && net.state.sprung == 0 && !PLACES[..PLACES.len() - 4].iter().all(reached) {
        net.set_timeout(5.0, move |net| end_of_trapped(net, server, patience - 1));
        return;
    }
    for socket in net.state.sockets.clone() {
        socket.destroy(net);
    }
    for request in std::mem::take(&mut net.state.asked) {
        request.answer(net, Err(LookupCode::Fail));
    }
    server.close_then(net, |net, _, _| here(net, "close callback"));
}

/// Rules T9, T10: a panic in each kind of listener, callback and task leaves `run` with what it panicked with, once;
/// `run` again goes on with all the rest, and at the end no descriptor, socket or handle is left.
#[test]
fn panics_anywhere() {
    let _alone = alone();
    std::panic::set_hook(Box::new(|info| {
        let text = info.payload().downcast_ref::<String>();
        if !text.is_some_and(|text| text.starts_with("at ")) {
            println!("{info}");
        }
    }));
    let peer = Peer::new();
    let before = descriptors();
    for place in PLACES {
        let mut net = new(Trap { place, ..Trap::default() });
        // With the first server comes a descriptor for hard times, which stays.
        let first = serve(&mut net, ServerOptions::default(), |_, _| {}).server;
        first.close(&mut net);
        net.run().unwrap();
        first.release(&mut net).unwrap();
        let at_rest = descriptors();
        let servers = trapped(&mut net, &peer);
        let mut told = Vec::new();
        loop {
            match net.run() {
                Ok(()) => break,
                Err(NetError::Panicked(panicked)) => told.push(panicked.message().unwrap_or("?").to_string()),
                Err(other) => panic!("{place}: {other}"),
            }
        }
        if place.starts_with("nowhere") {
            assert!(told.is_empty(), "{told:?}");
            for place in &PLACES[..PLACES.len() - 2] {
                assert!(net.state.visited.contains(place), "{place} is never reached: {:?}", net.state.visited);
            }
        } else {
            assert_eq!(told, [format!("at {place}")], "{:?}", net.state.visited);
        }
        net.set_timeout(1.0, |_| {});
        net.run().unwrap();
        for server in servers {
            server.release(&mut net).unwrap_or_else(|error| panic!("{place}: {error}"));
        }
        assert_clean(&mut net, 0);
        assert_eq!(descriptors(), at_rest, "{place}: a descriptor is left");
        drop(net);
        assert!(common::settle(before), "{place}: a descriptor is left");
    }
    let _ = std::panic::take_hook();
}
