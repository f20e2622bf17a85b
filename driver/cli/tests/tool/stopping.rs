//! `netfold echo` and signals.

use crate::echo::bytes;
use crate::process::{Folder, PATIENCE, Ran, Running};
use crate::{netfold, run};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

struct Server {
    folder: Folder,
    path: String,
    trace: String,
    running: Running,
}

fn server() -> Server {
    let folder = Folder::new();
    let (path, trace) = (folder.file("echo.sock"), folder.file("echo.trace"));
    let mut running = Running::start(&mut netfold(["echo", "--listen", &path, "--record", &trace]));
    running.after("listening on ");
    Server { folder, path, trace, running }
}

impl Server {
    /// A client that has had an echo: the server has its connection.
    fn client(&self) -> UnixStream {
        let mut client = UnixStream::connect(&self.path).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"hello").unwrap();
        let mut back = [0; 5];
        client.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        client
    }

    /// It ends well, leaves nothing but a trace, and that is complete.
    fn ends_well(self) -> Ran {
        self.running.end().went_well();
        assert!(!std::fs::exists(&self.path).unwrap(), "the file of the socket stays");
        let replayed = run(["replay", &self.trace]);
        assert!(replayed.went_well().last_line().starts_with("replay identical: "), "{replayed:?}");
        drop(self.folder);
        replayed
    }
}

fn at_its_end(client: &mut UnixStream) -> Vec<u8> {
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap();
    rest
}

#[test]
fn without_connections_each_signal_ends_it() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = server();
        server.running.signal(signal);
        server.ends_well();
    }
}

#[test]
fn a_silent_connection_is_ended() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = server();
        let mut client = server.client();
        server.running.signal(signal);
        assert_eq!(at_its_end(&mut client), b"");
        drop(client);
        server.ends_well();
    }
}

#[test]
fn what_is_under_way_is_finished_and_nobody_new_comes_in() {
    let server = server();
    let (mut silent, mut busy) = (server.client(), server.client());
    let sent = bytes(8 << 20);
    let mut sender = busy.try_clone().unwrap();
    let to_send = sent.clone();
    let sending = std::thread::spawn(move || {
        sender.write_all(&to_send).unwrap();
        sender.shutdown(Shutdown::Write).unwrap();
    });
    server.running.signal(Signal::TERM);
    assert_eq!(at_its_end(&mut silent), b"");
    // So it is stopping. The busy client begins to read only now.
    assert!(UnixStream::connect(&server.path).is_err());
    let back = at_its_end(&mut busy);
    assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    sending.join().unwrap();
    drop((silent, busy));
    server.ends_well();
}

#[test]
fn the_second_signal_ends_it_at_once() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = server();
        let mut client = server.client();
        server.running.signal(Signal::TERM);
        // It has ended its side, and waits for this one.
        assert_eq!(at_its_end(&mut client), b"");
        assert!(server.running.is_running());
        server.running.signal(signal);
        server.ends_well();
    }
}

#[test]
fn a_client_that_goes_on_after_the_end_is_not_answered_and_does_no_harm() {
    let server = server();
    let mut client = server.client();
    server.running.signal(Signal::TERM);
    assert_eq!(at_its_end(&mut client), b"");
    for _ in 0..10 {
        client.write_all(&bytes(100_000)).unwrap();
    }
    drop(client);
    server.ends_well();
}

#[test]
fn a_killed_one_leaves_a_trace_that_replays_up_to_there_and_says_so() {
    let server = server();
    for _ in 0..300 {
        drop(server.client());
    }
    server.running.signal(Signal::KILL);
    assert_eq!(server.running.end().status, None);
    let replayed = run(["replay", &server.trace]);
    replayed.failed(1, &["replay identical up to input "]);
    let why = ["the trace has no end", "the trace is torn"];
    assert!(why.iter().any(|why| replayed.err.contains(why)), "{replayed:?}");
    assert!(!replayed.err.contains("input 0;"), "nothing of a long run was kept: {replayed:?}");
    let shown = run(["show", &server.trace]);
    let last = shown.went_well().last_line();
    assert!(why.iter().any(|why| last.contains(why)), "{last}");
}
