//! Two machines that meet in one kernel and move only when the test says so.

use netfold_core::{Completion, Errno, EventKind, Reply};
use netfold_pair::*;

/// Every step of a connection, one completion at a time.
#[test]
fn one_completion_at_a_time() {
    let pair = Pair::new(2);
    let (s, c) = (actor("s"), actor("c"));
    let server = pair.run_as(0, || {
        let server = notes(s, "data end finish close");
        server.listen(|| {});
        server
    });
    let port = pair.run_as(0, || server.port());
    let sock = pair.run_as(1, || {
        let sock = connect(port);
        c.watch(sock, "connect ready end finish close");
        sock.write_cb("hi", c.cb("w"));
        sock
    });
    assert_eq!(pair.log(), "== s\n== c\n");
    pair.deliver_one(0);
    assert_eq!(pair.log(), "== s\n== c\n", "accepted; nothing was sent yet");
    assert!(!pair.owes(0));
    pair.deliver_one(1);
    assert_eq!(pair.log(), "== s\n== c\nturn: connect | cb w null | ready\n", "sent");
    assert!(pair.owes(0) && !pair.owes(1));
    pair.deliver_one(0);
    pair.run_as(1, || sock.end());
    pair.run();
    pair.assert_silent(0);
    pair.assert_silent(1);
    assert!(pair.log().starts_with("== s\nturn: data 2\ntick: end\n"), "{}", pair.log());
}

/// Reads come in pieces of a settable size, and a write blocks at a settable capacity.
#[test]
fn sizes_are_settable() {
    let pair = Pair::new(2);
    with_world(|w| {
        w.set_capacity(64 * 1024);
        w.set_read_size(1000);
    });
    let (s, c) = (actor("s"), actor("c"));
    let server = pair.run_as(0, || {
        let server = notes(s, "data end");
        server.listen(|| {});
        server
    });
    let port = pair.run_as(0, || server.port());
    pair.run_as(1, || {
        let sock = connect(port);
        sock.on(EventKind::Connect, move || {
            let fits = sock.write_cb(alloc(64 * 1024), c.cb("fits"));
            let blocks = sock.write_cb(alloc(1), c.cb("blocks"));
            c.log(format!("{fits} {blocks} {}", sock.writable_length()));
            sock.end();
        });
    });
    pair.run();
    let log = pair.log();
    assert!(log.ends_with("== c\nturn: true true 1\ntick: cb fits null\nturn: cb blocks null\n"), "{log}");
    assert_eq!(log.matches("turn: data 1000\n").count(), 65, "{log}");
    assert!(log.contains("turn: data 537\n"), "{log}");
}

/// Any errno can be forced on any operation.
#[test]
fn replies_can_be_forced() {
    let pair = Pair::new(1);
    let c = actor("c");
    pair.run_as(0, || {
        let server = reads_on();
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "connect error close");
            sock.on(EventKind::Connect, move || {
                with_world(|w| w.force("Write", Reply::Failed(Errno::ENOBUFS)));
                let r = sock.write_cb("x", c.cb("w"));
                c.log(format!("{r} destroyed {}", sock.destroyed()));
            });
        });
    });
    pair.run();
    let text = "ENOBUFS \"write ENOBUFS\"";
    let expected = format!(
        "== c\nturn: connect | false destroyed false\ntick: cb w {text}\ntick: error {text}\nturn: close true\n"
    );
    assert_eq!(pair.log(), expected);
    pair.assert_silent(0);
}

/// A completion of the test's own: a read error out of nowhere.
#[test]
fn completions_can_be_made_up() {
    let pair = Pair::new(2);
    let c = actor("c");
    let server = pair.run_as(0, || {
        let server = reads_on();
        server.listen(|| {});
        server
    });
    let port = pair.run_as(0, || server.port());
    let sock = pair.run_as(1, || {
        let sock = connect(port);
        c.watch(sock, "error close");
        sock
    });
    pair.run();
    pair.deliver(1, Completion::ReadFailed(sock.handle(), Errno::ETIMEDOUT));
    let expected = "== c\ntick: error ETIMEDOUT \"read ETIMEDOUT\"\nturn: close true\n";
    assert_eq!(pair.log(), expected);
    pair.run();
    assert_eq!(pair.log(), expected, "silence");
}

/// R43: what the driver is asked for options, and when.
#[test]
fn options_are_asked_once() {
    let pair = Pair::new(1);
    let (sock, server) = pair.run_as(0, || {
        let server = reads_on();
        server.listen(|| {});
        let sock = new_socket();
        sock.set_no_delay(true);
        sock.set_keep_alive(true, 2999);
        (sock, server)
    });
    pair.run();
    with_world(|w| w.asked());
    pair.run_as(0, || sock.connect(Options::port(server.port())));
    pair.run();
    let h = sock.handle();
    let asked = with_world(|w| w.asked());
    let options = |asked: &[String]| -> Vec<String> {
        asked.iter().filter(|a| a.starts_with("NoDelay") || a.starts_with("KeepAlive")).cloned().collect()
    };
    assert_eq!(options(&asked), [format!("NoDelay({h}, true)"), format!("KeepAlive({h}, true, 2)")]);
    pair.run_as(0, || {
        sock.set_no_delay(true);
        sock.set_keep_alive(true, 2000);
        sock.set_keep_alive(true, 3000);
        sock.set_no_delay(false);
        sock.set_keep_alive(false, 0);
        sock.set_keep_alive(false, 9000);
    });
    let expected =
        [format!("KeepAlive({h}, true, 3)"), format!("NoDelay({h}, false)"), format!("KeepAlive({h}, false, 0)")];
    assert_eq!(options(&with_world(|w| w.asked())), expected);
}

/// O1, O2: on a Unix socket they are nothing, before and after it is connected.
#[test]
fn options_of_a_unix_socket_are_never_asked() {
    let pair = Pair::new(1);
    let (sock, server) = pair.run_as(0, || {
        let path = temp_path();
        let server = reads_on();
        server.listen_cb(Server::path(&path), || {});
        let sock = new_socket();
        sock.set_no_delay(true);
        sock.set_keep_alive(true, 2000);
        sock.connect_path(&path);
        sock.set_no_delay(false);
        sock.set_no_delay(true);
        sock.set_keep_alive(false, 0);
        (sock, server)
    });
    pair.run();
    pair.run_as(0, || {
        assert!(!sock.connecting() && !sock.destroyed() && !server.listening());
        for on in [false, true, false] {
            sock.set_no_delay(on);
            sock.set_keep_alive(on, 9000);
        }
    });
    let asked = with_world(|w| w.asked());
    let options: Vec<_> = asked.iter().filter(|a| a.starts_with("NoDelay") || a.starts_with("KeepAlive")).collect();
    assert!(options.is_empty() && asked.iter().any(|a| a.starts_with("ConnectPath")), "{asked:?}");
}

/// R16: reading stops at the high water mark, and starts again when there is room.
#[test]
fn reading_stops_at_the_mark() {
    let pair = Pair::new(2);
    let peer = cell(None);
    let server = pair.run_as(0, || {
        let server = silent(peer);
        server.listen(|| {});
        server
    });
    let port = pair.run_as(0, || server.port());
    let sock = pair.run_as(1, || connect_with(Options::port(port).marks(100)));
    pair.run();
    let peer = peer.get().expect("accepted");
    with_world(|w| w.asked());
    pair.run_as(0, || peer.write(alloc(99)));
    pair.run();
    pair.run_as(0, || peer.write(alloc(1)));
    pair.run();
    pair.run_as(0, || peer.write(alloc(50)));
    pair.run();
    assert_eq!(pair.run_as(1, || sock.readable_length()), 100);
    let h = sock.handle();
    let of_read = |a: &String| a.starts_with("Read");
    let asked = || with_world(|w| w.asked()).into_iter().filter(of_read).collect::<Vec<_>>();
    assert_eq!(asked(), [format!("ReadStop({h})")]);
    pair.run_as(1, || assert_eq!(sock.read(None).map(|b| b.len()), Some(100)));
    assert_eq!(asked(), [format!("ReadStart({h})")]);
    pair.run();
    assert_eq!(pair.run_as(1, || sock.readable_length()), 50);
}

/// R39: virtual time: nothing before, once at the time.
#[test]
fn time_is_an_argument() {
    let pair = Pair::new(1);
    let c = actor("c");
    pair.run_as(0, || {
        let sock = new_socket();
        sock.set_timeout(40);
        c.watch(sock, "timeout");
        let ticks = cell(0);
        set_interval(30, move || {
            ticks.set(ticks.get() + 1);
            c.log(format!("interval {}", ticks.get()));
        });
    });
    pair.run();
    pair.pass(29);
    assert_eq!(pair.log(), "== c\n");
    pair.pass(1);
    assert_eq!(pair.log(), "== c\nturn: interval 1\n");
    pair.pass(10);
    assert_eq!(pair.log(), "== c\nturn: interval 1\nturn: timeout\n");
    pair.pass(1000);
    assert_eq!(pair.log(), "== c\nturn: interval 1\nturn: timeout\nturn: interval 2\n", "late timers run once");
}

/// D1: resetAndDestroy() while FIN is under way: where node leaks the descriptor (`g32`), 'close' comes.
#[test]
fn d1_reset_while_ending() {
    let pair = Pair::new(1);
    let (c, s) = (actor("c"), actor("s"));
    pair.run_as(0, || {
        let server = notes(s, "error close");
        server.listen(move || {
            let sock = connect(server.port());
            c.watch(sock, "prefinish finish end error close");
            sock.on(EventKind::Connect, move || {
                sock.end_with_cb("x", c.cb("end"));
                sock.reset_and_destroy().expect("a TCP socket");
                c.log(format!("destroyed {}", sock.destroyed()));
            });
        });
    });
    pair.run();
    pair.assert_silent(0);
    let error = "ERR_STREAM_DESTROYED \"Cannot call end after a stream was destroyed\"";
    let block = format!("== c\nturn: destroyed true\ntick: cb end {error}\nturn: close false\n");
    assert!(pair.log().starts_with(&block), "{}", pair.log());
}

/// D2: a listener of 'connectionAttempt' that destroys: the attempt ends there, 'close' comes.
#[test]
fn d2_destroy_inside_the_attempt() {
    let pair = Pair::new(1);
    let c = actor("c");
    pair.run_as(0, || {
        let sock = connect(9);
        c.watch(sock, "connectionAttempt connect error close");
        sock.on(EventKind::ConnectionAttempt, move || sock.destroy());
    });
    pair.run();
    pair.assert_silent(0);
    assert_eq!(pair.log(), "== c\ntick: connectionAttempt 127.0.0.1 PORT 4\nturn: close false\n");
    assert!(!with_world(|w| w.asked()).iter().any(|op| op.starts_with("Connect")), "nothing was attempted");
}

/// The comparison with node's logs is one: another program's log is refused.
#[test]
#[should_panic(expected = "the log differs from node's")]
fn a_difference_is_found() {
    program(node_log!("g12"), || actor("c").log("something else"));
}
