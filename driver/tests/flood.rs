//! More than a server wants: too many connections, too slow ones, too small segments. Each bound is tried at the bound.
#![cfg(unix)]

mod common;

use common::{Log, assert_clean, bounded, drain, hear, new, serve, until};
use netfold::sys::Resolve;
use netfold::{
    Connect, EventKind, Limits, Listen, LookupCode, Net, NetError, NodeError, ServerOptions, SocketOptions, System,
};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

fn code(error: &NodeError) -> &str {
    error.code()
}

fn socket_options(high_water_mark: u32) -> SocketOptions {
    SocketOptions { high_water_mark: Some(high_water_mark), ..SocketOptions::default() }
}

/// 300 connections that send a request of 64 bytes one byte at a time, in turns: all are served, and one that is quick is
/// served at once among them. Those that stop are found by their idle timeout (rules M3, M4).
#[test]
fn slow_lorises_are_served_and_the_silent_are_found() {
    const SLOW: usize = 300;
    const LENGTH: usize = 64;
    let mut net = new((0usize, 0usize));
    let bound = serve(&mut net, ServerOptions::default(), |net, socket| {
        socket.set_timeout(net, 400.0).unwrap();
        socket.on_timeout(net, |net, socket| {
            net.state.1 += 1;
            socket.destroy(net);
        });
        socket.on_data(net, |net, socket, chunk| {
            // A whole request is answered; each byte counts as life.
            if chunk.ends_with(b"\n") {
                net.state.0 += 1;
                socket.end_with(net, "served");
            }
        });
    });
    let begun = Instant::now();
    let mut slow: Vec<_> = (0..SLOW)
        .map(|_| {
            let stream = bound.outside();
            net.dispatch().unwrap();
            stream
        })
        .collect();
    until(&mut net, |net| bound.server.connections(net) as usize == SLOW);
    for n in 0..LENGTH {
        let byte: &[u8] = if n == LENGTH - 1 { b"\n" } else { b"x" };
        // The last 20 fall silent half way.
        let talk = if n < LENGTH / 2 { SLOW } else { SLOW - 20 };
        for stream in &mut slow[..talk] {
            stream.write_all(byte).unwrap();
        }
        net.dispatch().unwrap();
        if n == LENGTH / 2 {
            let mut quick = bound.outside();
            quick.write_all(b"now\n").unwrap();
            until(&mut net, |net| net.state.0 == 1);
            assert_eq!(drain(&mut quick), (b"served".to_vec(), None));
        }
    }
    until(&mut net, |net| net.state == (SLOW - 20 + 1, 20));
    for (n, stream) in slow.iter_mut().enumerate() {
        let want: &[u8] = if n < SLOW - 20 { b"served" } else { b"" };
        assert_eq!(drain(stream).0, want, "{n}");
    }
    drop(slow);
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
    println!("{SLOW} slow connections: {:?}", begun.elapsed());
}

/// Rule S11: at `maxConnections` a connection is dropped with 'drop' and both addresses; when one leaves, one can come.
#[test]
fn a_flood_against_max_connections() {
    let mut net = new(Vec::new());
    let bound = serve(&mut net, ServerOptions::default(), |net, socket| {
        // Some leave without having read everything.
        socket.on_error(net, |_, _, error| assert_eq!(error.code(), "ECONNRESET"));
        common::echo(net, socket);
    });
    bound.server.set_max_connections(&mut net, 5);
    bound.server.on_drop(&mut net, |net, server, info| {
        assert_eq!(server.connections(net), 5);
        let info = info.expect("TCP has addresses");
        assert_eq!(info.local.map(|a| a.port()), server.port(net));
        net.state.push(info.remote.expect("the other end").port());
    });
    let mut flood: Vec<_> = (0..200).map(|_| bound.outside()).collect();
    until(&mut net, |net| net.state.len() == 195);
    // In the order in which they came: the first five are in.
    let ports: Vec<_> = flood.iter().map(|s| s.local_addr().unwrap().port()).collect();
    assert_eq!(net.state, ports[5..]);
    for stream in &mut flood[5..] {
        assert_eq!(drain(stream).0, b"", "it sees its end");
    }
    let handles = net.core().census().handles;
    assert_eq!(handles, 6);
    drop(flood.remove(0));
    until(&mut net, |net| bound.server.connections(net) == 4);
    let mut late = bound.outside();
    late.write_all(b"room").unwrap();
    until(&mut net, |net| bound.server.connections(net) == 5);
    let mut answer = [0; 4];
    until(&mut net, |_| {
        late.set_nonblocking(true).unwrap();
        late.peek(&mut answer).is_ok()
    });
    assert_eq!(&answer, b"room");
    drop((flood, late));
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
}

/// Rule B3: at `Limits::sockets` an incoming connection is dropped with 'drop', over TCP and a Unix path (which has no
/// addresses); making a socket throws; both work again when there is room.
#[test]
fn a_flood_against_the_bound_of_sockets() {
    let mut net = bounded(0usize, Limits { sockets: 4, ..Limits::DEFAULT });
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let path = common::Scratch::new("flood");
    let pipe = net.create_server(common::echo);
    pipe.listen(&mut net, Listen::path(&path.0)).unwrap();
    for server in [bound.server, pipe] {
        server.on_drop(&mut net, move |net, server, info| {
            assert_eq!(info.is_some(), server == bound.server);
            net.state += 1;
        });
    }
    let mut flood: Vec<_> = (0..50).map(|_| bound.outside()).collect();
    until(&mut net, |net| net.state == 46);
    assert_eq!(net.core().census().sockets, 4);
    let mut late = UnixStream::connect(&path.0).unwrap();
    until(&mut net, |net| net.state == 47);
    assert_eq!(late.read(&mut [0; 1]).unwrap(), 0);
    let refused = net.socket(SocketOptions::default()).expect_err("there are four");
    assert_eq!(*refused, NodeError::Limit { name: "sockets", bound: 4 });
    assert_eq!(code(&refused), "ERR_NETFOLD_LIMIT");
    assert_eq!(net.connect(bound.addr()).expect_err("there are four").code(), "ERR_NETFOLD_LIMIT");
    drop(flood.split_off(3));
    drop(flood.remove(0));
    until(&mut net, |net| bound.server.connections(net) == 2);
    net.set_timeout(1.0, |_| {});
    until(&mut net, |net| net.core().census().sockets == 2);
    let own = net.socket(SocketOptions::default()).expect("there is room");
    own.destroy(&mut net);
    drop(flood);
    bound.server.close(&mut net);
    pipe.close(&mut net);
    assert_clean(&mut net, 2);
}

/// Rules B2, R3: what a paused reader keeps stays within twice the high water mark and 64 KiB, in memory, for segments of
/// one byte and of any other size; and reading stops there: the peer's writes come to a stand. High water marks up to
/// 40,000, and to 1 MiB with NETFOLD_LONG=1 or optimized.
#[test]
fn small_segments_against_a_paused_reader() {
    let mut marks = vec![1, 100, 16 * 1024, 20_000, 33_000, 40_000];
    if common::long() || !cfg!(debug_assertions) {
        marks.extend([65_537, 100_000, 200_000, 300_000, 1 << 20]);
    }
    for mark in marks {
        for segment in [1, 7, 1000, 16 * 1024 - 1, 16 * 1024, 60_000] {
            paused_reader(mark, segment);
        }
    }
}

fn paused_reader(mark: u32, segment: usize) {
    let mut net = new(None);
    let options = ServerOptions { socket: socket_options(mark), ..ServerOptions::default() };
    let bound = serve(&mut net, options, |net: &mut Net<Option<netfold::Socket>>, socket| {
        // Paused by the program, after reading began: only the mark stops the driver (rule R4).
        socket.pause(net);
        net.state = Some(socket);
    });
    let mut outside = bound.outside();
    outside.set_nodelay(true).unwrap();
    until(&mut net, |net| net.state.is_some());
    let socket = net.state.unwrap();
    let (most, mut sent, mut greatest) = (2 * mark as usize + 64 * 1024, 0, 0);
    let piece = vec![b'x'; segment];
    let read = |net: &Net<_>| socket.bytes_read(net) as usize;
    // Segment by segment, each read on its own.
    while read(&net) < mark as usize {
        outside.write_all(&piece).unwrap();
        sent += segment;
        until(&mut net, |net| read(net) == sent);
        let memory = socket.view(&net).unwrap().readable_memory();
        assert!(
            memory <= most,
            "mark {mark}, segments of {segment}: {memory} bytes of memory for {sent}, {most} allowed"
        );
        greatest = greatest.max(memory);
    }
    // At the mark it has stopped: what else is sent stays with the system.
    let stopped = read(&net);
    outside.write_all(&vec![b'y'; 5000]).unwrap();
    for _ in 0..20 {
        net.dispatch().unwrap();
    }
    let waits = net.kernel().waits();
    assert!(!common::wait(&mut net, std::time::Duration::from_millis(5)), "nor does it make the loop spin ({waits})");
    assert_eq!(read(&net), stopped);
    assert_eq!(socket.view(&net).unwrap().readable_length() as usize, stopped);
    if segment == 1 {
        println!("mark {mark}, segments of {segment}: {greatest} bytes of memory, {most} allowed");
    }
    // Nothing is lost (rule R17).
    let got = std::rc::Rc::new(std::cell::RefCell::new((0, 0)));
    let count = got.clone();
    socket.on_data(&mut net, move |_, _, chunk| {
        let x = chunk.iter().filter(|byte| **byte == b'x').count();
        let mut count = count.borrow_mut();
        assert!(x == 0 || count.1 == 0, "in order");
        *count = (count.0 + x, count.1 + chunk.len() - x);
    });
    socket.resume(&mut net);
    drop(outside);
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
    assert_eq!(*got.borrow(), (sent, 5000));
}

/// A peer that sends without end to a reader that never reads: the bound holds (rule B2) and its writes stop.
#[test]
fn a_torrent_against_a_paused_reader() {
    let mut net = new(None);
    let bound = serve(&mut net, ServerOptions::default(), |net: &mut Net<Option<netfold::Socket>>, socket| {
        socket.pause(net);
        net.state = Some(socket);
    });
    let mut outside = bound.outside();
    outside.set_nonblocking(true).unwrap();
    let (block, mut full, mut sent) = (vec![0; 1 << 16], 0, 0);
    while full < 50 {
        match outside.write(&block) {
            Ok(count) => (sent, full) = (sent + count, 0),
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                full += 1;
            }
        }
        net.dispatch().unwrap();
        if let Some(socket) = net.state {
            let memory = socket.view(&net).unwrap().readable_memory();
            assert!(memory <= 2 * 16 * 1024 + 64 * 1024, "{memory}");
        }
    }
    let socket = net.state.unwrap();
    assert!(socket.bytes_read(&net) < 100_000 && sent > 100_000, "{} of {sent}", socket.bytes_read(&net));
    socket.destroy(&mut net);
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
}

/// Rule B1: user code nested to `Limits::depth` gets a thrown error, and everything below goes on.
#[test]
fn the_bound_of_depth() {
    let mut net = bounded((0u32, Vec::new()), Limits { depth: 40, ..Limits::DEFAULT });
    let socket = common::socket(&mut net);
    socket.on_pause(&mut net, |net, socket| {
        net.state.0 += 1;
        let depth = net.state.0;
        assert!(depth < 100, "no bound");
        if let Err(error) = socket.set_timeout(net, 1000.0) {
            net.state.1.push((depth, error.code().to_string()));
            return;
        }
        socket.resume(net);
        socket.pause(net);
    });
    socket.resume(&mut net);
    socket.pause(&mut net);
    assert_eq!(net.state, (40, vec![(40, "ERR_NETFOLD_LIMIT".to_string())]));
    // At the top everything works as before.
    socket.remove_all_listeners(&mut net, Some(EventKind::Pause));
    socket.set_timeout(&mut net, 0.0).unwrap();
    socket.destroy(&mut net);
    assert_clean(&mut net, 0);
}

/// Rule B1: the calls that have no error to return fail as a panic that names the bound, not as an internal one; nothing
/// is lost and the loop goes on.
#[test]
fn calls_without_an_error_at_the_bound_of_depth() {
    type Call = fn(&mut Net<u32>, netfold::Socket);
    let calls: [(&str, Call); 8] = [
        ("timeout", |net, _| {
            net.set_timeout(1.0, |_| {});
        }),
        ("server", |net, _| net.create_server(|_, _| {}).unref(net)),
        ("pause", |net, socket| socket.pause(net)),
        ("on", |net, socket| {
            socket.on_data(net, |_, _, _| {});
        }),
        ("end", |net, socket| socket.end(net)),
        ("write", |net, socket| assert!(socket.write(net, "x"))),
        ("destroy", |net, socket| socket.destroy(net)),
        ("address", |net, socket| assert_eq!(socket.address(net), None)),
    ];
    for (name, call) in calls {
        let mut net = bounded(0, Limits { depth: 20, ..Limits::DEFAULT });
        let socket = common::socket(&mut net);
        socket.on_pause(&mut net, move |net, socket| {
            net.state += 1;
            if net.state == 20 {
                return call(net, socket);
            }
            socket.resume(net);
            socket.pause(net);
        });
        socket.resume(&mut net);
        net.set_immediate(move |net| socket.pause(net));
        match net.run() {
            Ok(()) => panic!("{name}: it was lost without a word"),
            Err(NetError::Panicked(panicked)) => {
                let message = panicked.message().unwrap_or("").to_string();
                println!("{name}: {message}");
                assert!(message.contains("limit \"depth\""), "{name}: {message}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
        assert!(!socket.destroyed(&net));
        socket.destroy(&mut net);
        net.run().unwrap();
    }
}

/// Rule B5: at `Limits::write_buffer` `try_write` throws and takes nothing, `write` destroys the socket with that error.
#[test]
fn the_bound_of_the_write_buffer() {
    const BOUND: u64 = 100_000;
    let mut net = bounded(Log::new(), Limits { write_buffer: Some(BOUND), ..Limits::DEFAULT });
    let bound = serve(&mut net, ServerOptions { pause_on_connect: true, ..ServerOptions::default() }, |net, socket| {
        hear(net, socket, "s", &[EventKind::Error, EventKind::Close]);
        // It is read when the first client has met its bound.
        net.set_timeout(50.0, move |net| {
            socket.on_data(net, |_, _, _| {});
            socket.resume(net);
        });
    });
    let client = net.connect(bound.addr()).unwrap();
    hear(&mut net, client, "c", &[EventKind::Drain, EventKind::Finish, EventKind::Error, EventKind::Close]);
    client.on_connect(&mut net, |net, client| {
        // The system takes what it can; what it does not take counts.
        let mut taken = 0u64;
        let error = loop {
            match client.try_write(net, vec![1; 40_000], None) {
                Ok(_) => taken += 40_000,
                Err(error) => break error,
            }
            assert!(taken < 1 << 30, "no bound");
        };
        assert_eq!(*error, NodeError::Limit { name: "write_buffer", bound: BOUND });
        let (size, written) = (client.view(net).unwrap().writable_length(), client.bytes_written(net));
        assert!(size <= BOUND, "{size}");
        assert_eq!(written, taken, "what was refused does not count");
        // Exactly at the bound is allowed; one byte more is not.
        let rest = vec![2; (BOUND - size) as usize];
        assert_eq!(client.try_write(net, rest, None), Ok(false));
        assert!(client.try_write(net, "x", None).is_err());
        assert_eq!(client.try_write(net, "", None).map_err(|e| e.code().to_string()), Ok(false), "an empty one fits");
        assert!(!client.destroyed(net));
        client.end(net);
    });
    net.set_timeout(10.0, move |net| {
        let second = net.connect(bound.addr()).unwrap();
        hear(net, second, "d", &[EventKind::Error, EventKind::Close]);
        second.write_then(net, vec![1; BOUND as usize], |net, _, result| {
            net.state.push(format!("d first {}", result.expect_err("it is destroyed").code()));
        });
        let taken = second.write_then(net, "x", |net, _, _| net.state.push("never: it was not taken".into()));
        assert!(!taken && second.destroyed(net));
        // And `end(chunk)`.
        let third = net.connect(bound.addr()).unwrap();
        hear(net, third, "e", &[EventKind::Error, EventKind::Close]);
        third.end_with_then(net, vec![1; BOUND as usize + 1], |_, _, _| panic!("it was not taken"));
        assert!(third.destroyed(net));
        net.set_timeout(100.0, move |net| bound.server.close(net));
    });
    net.run().unwrap();
    let mut log = net.state.clone();
    log.sort();
    // The write that was taken waited for 'connect' (rule W7).
    let first = "d first ERR_SOCKET_CLOSED_BEFORE_CONNECTION";
    assert_eq!(log[..2], ["c close Some(false)", "c finish"]);
    assert_eq!(log[2..5], ["d close Some(true)", "d error ERR_NETFOLD_LIMIT", first]);
    assert_eq!(log[5..], ["e close Some(true)", "e error ERR_NETFOLD_LIMIT", "s close Some(false)"]);
    assert_clean(&mut net, 1);
}

/// A resolver that answers when it is told to.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Resolve for Gate {
    fn resolve(&self, host: &str, _family: u8, _hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
        if host.starts_with("no") { Err(LookupCode::NotFound) } else { Ok(vec![Ipv4Addr::LOCALHOST.into()]) }
    }
}

/// Rule B4: at `Limits::lookups` a connect fails with EAI_AGAIN; those under way are not disturbed.
#[test]
fn the_bound_of_lookups() {
    let gate = Arc::new(Gate::default());
    let system = System::with_resolver(gate.clone()).unwrap();
    let limits = Limits { lookups: 6, ..Limits::DEFAULT };
    let mut net = common::guarded(Net::with_host(Log::new(), system, limits));
    let bound = serve(&mut net, ServerOptions::default(), |_, _| {});
    for n in 0..10 {
        let name = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][n];
        let client = net.connect(Connect::port(bound.port).host(format!("yes-{n}.test"))).unwrap();
        hear(&mut net, client, name, &[EventKind::Error]);
        client.on_connect(&mut net, move |net, client| {
            net.state.push(format!("{name} connect"));
            client.destroy(net);
        });
    }
    until(&mut net, |net| net.state.len() == 4);
    assert_eq!(net.state, ["g error EAI_AGAIN", "h error EAI_AGAIN", "i error EAI_AGAIN", "j error EAI_AGAIN"]);
    assert_eq!(net.core().census().lookups, 6);
    *gate.open.lock().unwrap() = true;
    gate.opened.notify_all();
    until(&mut net, |net| net.state.len() == 10);
    let mut rest = net.state.split_off(4);
    rest.sort();
    assert_eq!(rest, ["a connect", "b connect", "c connect", "d connect", "e connect", "f connect"]);
    bound.server.close(&mut net);
    assert_clean(&mut net, 1);
}

/// Rules C5, C6: a failed lookup is 'lookup' with the error, 'error' and 'close'; when the answer comes after `destroy`
/// 'lookup' is emitted all the same if one address was asked for, and nothing else follows.
#[test]
fn lookups_that_fail_and_answers_that_come_late() {
    let gate = Arc::new(Gate::default());
    let mut net =
        common::guarded(Net::with_host(Log::new(), System::with_resolver(gate.clone()).unwrap(), Limits::DEFAULT));
    let bound = serve(&mut net, ServerOptions::default(), |_, _| panic!("nobody connects"));
    let all = [EventKind::Lookup, EventKind::Connect, EventKind::Error, EventKind::Close];
    let failing = net.connect(Connect::port(bound.port).host("no.test")).unwrap();
    hear(&mut net, failing, "failing", &all);
    let late = net.connect(Connect::port(bound.port).host("yes.test").auto_select_family(false)).unwrap();
    hear(&mut net, late, "late", &all);
    let late_failing = net.connect(Connect::port(bound.port).host("no-late.test").auto_select_family(false)).unwrap();
    hear(&mut net, late_failing, "late_failing", &all);
    // All addresses are asked for: nothing is said of them when it is too late.
    let all_late = net.connect(Connect::port(bound.port).host("yes-all.test")).unwrap();
    hear(&mut net, all_late, "all_late", &all);
    for client in [late, late_failing, all_late] {
        client.destroy(&mut net);
    }
    until(&mut net, |net| net.state.len() == 3);
    // Last closed, first told (rule T4).
    let closed = ["all_late", "late_failing", "late"].map(|name| format!("{name} close Some(false)"));
    assert_eq!(net.state, closed);
    *gate.open.lock().unwrap() = true;
    gate.opened.notify_all();
    bound.server.close(&mut net);
    net.run().unwrap();
    let mut rest = net.state.split_off(3);
    let of_failing: Vec<_> = rest.extract_if(.., |line| line.starts_with("failing")).collect();
    assert_eq!(of_failing, ["failing lookup ENOTFOUND", "failing error ENOTFOUND", "failing close Some(true)"]);
    rest.sort();
    assert_eq!(rest, ["late lookup 127.0.0.1", "late_failing lookup ENOTFOUND"]);
    assert_clean(&mut net, 1);
}

/// The same with the program's own lookup, which answers after `destroy` and again, and with the system's resolver, which
/// does not know a name under `.invalid`.
#[test]
fn lookups_of_the_program_and_of_the_system() {
    let mut net = new((Log::new(), Vec::new()));
    let socket = common::socket(&mut net);
    socket.on_lookup(&mut net, |net, _, lookup| net.state.0.push(format!("lookup {}", lookup.result.is_ok())));
    socket.on_close(&mut net, |net, _, _| net.state.0.push("close".into()));
    let to = Connect::port(1).host("somewhere.test").auto_select_family(false);
    socket.connect_looking_up(&mut net, to, |net, request| net.state.1.push(request)).unwrap();
    socket.destroy(&mut net);
    net.set_timeout(5.0, |net| {
        let requests = net.state.1.clone();
        assert_eq!(requests.len(), 1);
        for _ in 0..2 {
            requests[0].answer(net, Ok(vec![Ipv4Addr::LOCALHOST.into()]));
        }
    });
    net.run().unwrap();
    assert_eq!(net.state.0, ["close", "lookup true"]);
    assert_clean(&mut net, 0);
    let unknown = net.connect(Connect::port(1).host("nowhere.invalid")).unwrap();
    let Err(NetError::Unhandled(unhandled)) = net.run() else { panic!("nobody listens for 'error'") };
    assert_eq!((unhandled.error.syscall(), unhandled.error.hostname()), (Some("getaddrinfo"), Some("nowhere.invalid")));
    println!("nowhere.invalid: {}", unhandled.error);
    assert!(unknown.destroyed(&net));
    assert_clean(&mut net, 0);
}

/// A timer that is due before the first poll, and was the last thing that kept the loop alive: it ends, and does not wait
/// for ever (rule M6). The same for one that comes due while the program is outside the loop between two runs.
#[test]
fn the_last_timer_is_due_before_the_first_poll() {
    let mut net: Net<u32> = Net::new(0).unwrap();
    let hold = |ms| {
        let begun = Instant::now();
        while begun.elapsed().as_millis() < ms {
            std::hint::spin_loop();
        }
    };
    net.set_timeout(1.0, |net| net.state += 1);
    hold(5);
    net.run().unwrap();
    net.set_timeout(1.0, |net| net.state += 1);
    hold(5);
    net.run().unwrap();
    assert_eq!(net.state, 2);
}

/// Rule M1: 20,000 timers that are due together ring in the order of their start, in time; those that were cleared are
/// silent, those that were refreshed come later, an interval comes again and again until it is cleared, and what was
/// unreferenced keeps no loop alive (rule M6).
#[test]
fn twenty_thousand_timers_at_one_time() {
    const TIMERS: usize = 20_000;
    let mut net: Net<Vec<usize>> = Net::new(Vec::new()).unwrap();
    let begun = Instant::now();
    let ids: Vec<_> = (0..TIMERS).map(|n| net.set_timeout(100.0, move |net| net.state.push(n))).collect();
    for id in ids.iter().step_by(2) {
        net.clear_timer(*id);
        net.clear_timer(*id);
    }
    // Refreshed ones stand behind their fellows.
    for id in ids.iter().skip(1).step_by(4) {
        net.refresh_timer(*id);
    }
    net.run().unwrap();
    assert!(begun.elapsed().as_millis() >= 100);
    let kept = (0..TIMERS).skip(3).step_by(4);
    let refreshed = (0..TIMERS).skip(1).step_by(4);
    assert!(net.state.iter().copied().eq(kept.chain(refreshed)), "{} rang", net.state.len());
    println!("{TIMERS} timers of 100 ms: {:?}", begun.elapsed());
    for id in ids {
        // Ids that are gone are harmless.
        net.clear_timer(id);
        net.refresh_timer(id);
        net.unref_timer(id);
    }
    // All of them cleared or refreshed by the first that rings.
    net.state.clear();
    let ids: std::rc::Rc<[_]> = (1..TIMERS).map(|n| net.set_timeout(20.0, move |net| net.state.push(n))).collect();
    net.set_timeout(10.0, move |net| {
        let (cleared, refreshed) = ids.split_at(TIMERS / 2);
        cleared.iter().for_each(|id| net.clear_timer(*id));
        refreshed.iter().for_each(|id| net.refresh_timer(*id));
    });
    net.run().unwrap();
    assert!(net.state.iter().copied().eq(TIMERS / 2 + 1..TIMERS));
    assert_eq!(net.core().census().timers, 0);
    // An interval counts to five; an unreferenced one would go on for ever.
    net.state.clear();
    let interval = net.set_interval(1.0, |net| net.state.push(1));
    let idle = net.set_interval(1.0, |_| {});
    net.unref_timer(idle);
    let from_within = std::rc::Rc::new(std::cell::Cell::new(None));
    let own = from_within.clone();
    let id = net.set_interval(1.0, move |net| {
        net.state.push(2);
        if net.state.iter().filter(|n| **n == 2).count() == 3 {
            net.clear_timer(own.get().unwrap());
        }
        if net.state.iter().filter(|n| **n == 1).count() >= 5 {
            net.clear_timer(interval);
        }
    });
    from_within.set(Some(id));
    net.set_timeout(15.0, move |net| net.clear_timer(interval));
    net.run().unwrap();
    assert_eq!(net.state.iter().filter(|n| **n == 2).count(), 3);
    assert!(net.state.contains(&1));
    assert_eq!(net.core().census().timers, 1, "the unreferenced one");
    // Referenced again it keeps the loop until it is cleared.
    net.ref_timer(idle);
    net.set_timeout(5.0, move |net| net.clear_timer(idle));
    net.run().unwrap();
    assert_eq!(net.core().census().timers, 0);
}
