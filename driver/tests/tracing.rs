//! The feature `tracing`: what a subscriber hears of a loop.
#![cfg(feature = "tracing")]

mod common;

use common::{echo, new, serve};
use netfold::ServerOptions;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is heard at a level while this runs, a line each.
fn heard(level: tracing_subscriber::filter::LevelFilter, run: impl FnOnce()) -> Vec<String> {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(lines.clone()).without_time();
    tracing::subscriber::with_default(subscriber.with_ansi(false).finish(), run);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    text.lines().map(String::from).collect()
}

/// A client says "secret" to an echo server, and both close.
fn conversation() {
    let mut net = new(());
    let bound = serve(&mut net, ServerOptions::default(), echo);
    let client = net.connect(bound.addr()).unwrap();
    client.write(&mut net, "secret");
    client.on_data(&mut net, |net, client, _| client.end(net));
    client.on_close(&mut net, move |net, _, _| bound.server.close(net));
    net.run().unwrap();
}

#[test]
fn every_event_is_heard_with_its_socket_in_the_span_of_its_turn() {
    let lines = heard(tracing_subscriber::filter::LevelFilter::DEBUG, conversation);
    let event = |socket: &str, name: &str| {
        let of = format!("socket={socket} ");
        let named = format!("event=\"{name}\"");
        lines
            .iter()
            .position(|line| line.contains(&of) && line.contains(&named))
            .unwrap_or_else(|| panic!("{socket} {name} of {lines:#?}"))
    };
    let (client, accepted) = ("c0.1", "c1.2");
    assert!(event(accepted, "data") < event(client, "data") && event(client, "data") < event(client, "close"));
    let data = &lines[event(client, "data")];
    assert!(data.starts_with("DEBUG turn{number="), "{data}");
    assert!(data.contains("cause=h") && data.contains(" read 6 bytes}: netfold: "), "{data}");
    assert!(
        data.contains("bytes=6") && data.contains(&format!("socket {client} 'data' 6 bytes to listener")),
        "{data}"
    );
    assert!(lines.iter().any(|line| line.contains("server=s0.1 event=\"connection\"")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("secret") || line.contains("TRACE")));
}

#[test]
fn calls_of_the_program_and_of_the_machine_are_heard_too() {
    let lines = heard(tracing_subscriber::filter::LevelFilter::TRACE, conversation);
    let one = |words: &[&str]| {
        assert!(lines.iter().any(|line| words.iter().all(|word| line.contains(word))), "{words:?} of {lines:#?}");
    };
    one(&["TRACE netfold: ", "socket=c0.1", "c0.1.write 6 bytes"]);
    one(&["TRACE turn{", "handle=h", "write h", "6 bytes in 1 chunks: reply done"]);
    one(&["TRACE turn{", "return true"]);
    one(&["cause=closing", "'close' false"]);
    assert!(!lines.iter().any(|line| line.contains("secret")));
}

/// No span is left open: what a program logs between two dispatches is in none of a turn's.
#[test]
fn the_span_ends_with_the_turn() {
    let lines = heard(tracing_subscriber::filter::LevelFilter::DEBUG, || {
        let mut net = new(0);
        net.set_immediate(|_| tracing::info!("within"));
        net.set_immediate(|_| panic!("mine"));
        assert!(net.dispatch().is_err());
        tracing::info!("outside");
        assert!(net.dispatch().is_ok());
    });
    let line = |word: &str| lines.iter().find(|line| line.contains(word)).unwrap();
    assert!(line("within").contains("turn{number=1 cause=immediate}"), "{lines:?}");
    assert!(!line("outside").contains("turn{"), "{lines:?}");
}
