//! Every public property of a socket, in each state of its life.

use netfold::{Connect, EventKind, Net, NodeError, ServerOptions, Socket, SocketOptions};
use netfold_conformance::{Actor, Log, port_of, when};
use std::cell::RefCell;
use std::collections::HashMap;

/// The properties that a socket had at the last look.
#[derive(Default)]
struct Seen(RefCell<HashMap<Socket, Vec<(&'static str, String)>>>);

fn or(none: &str, value: Option<impl ToString>) -> String {
    value.map_or(none.into(), |value| value.to_string())
}

fn code_or_message(error: &NodeError) -> String {
    if error.code().is_empty() { error.to_string() } else { error.code().into() }
}

/// The program's list, in its order.
fn properties(net: &mut Net<()>, sock: Socket) -> Vec<(&'static str, String)> {
    let local = (sock.local_address(net), sock.local_family(net));
    let remote = (sock.remote_address(net), sock.remote_family(net));
    let net = &*net;
    vec![
        ("isPaused", sock.is_paused(net).to_string()),
        ("server", or("null", sock.server(net).map(|_| true))),
        ("allowHalfOpen", sock.allow_half_open(net).to_string()),
        ("bufferSize", or("undefined", sock.buffer_size(net))),
        ("bytesRead", sock.bytes_read(net).to_string()),
        ("bytesWritten", sock.bytes_written(net).to_string()),
        ("closed", sock.closed(net).to_string()),
        ("connecting", sock.connecting(net).to_string()),
        ("destroyed", sock.destroyed(net).to_string()),
        ("errored", or("null", sock.errored(net).map(code_or_message))),
        ("localAddress", or("undefined", local.0)),
        ("localFamily", or("undefined", local.1)),
        ("pending", sock.pending(net).to_string()),
        ("readable", sock.readable(net).to_string()),
        ("readableAborted", sock.readable_aborted(net).to_string()),
        ("readableDidRead", sock.readable_did_read(net).to_string()),
        ("readableEncoding", or("null", sock.readable_encoding(net).map(|encoding| encoding.name()))),
        ("readableEnded", sock.readable_ended(net).to_string()),
        ("readableFlowing", or("null", sock.readable_flowing(net))),
        ("readableHighWaterMark", sock.readable_high_water_mark(net).to_string()),
        ("readableLength", sock.readable_length(net).to_string()),
        ("readyState", sock.ready_state(net).as_str().into()),
        ("remoteAddress", or("undefined", remote.0)),
        ("remoteFamily", or("undefined", remote.1)),
        ("timeout", or("undefined", sock.timeout(net))),
        ("writable", sock.writable(net).to_string()),
        ("writableCorked", sock.writable_corked(net).to_string()),
        ("writableEnded", sock.writable_ended(net).to_string()),
        ("writableFinished", sock.writable_finished(net).to_string()),
        ("writableHighWaterMark", sock.writable_high_water_mark(net).to_string()),
        ("writableLength", sock.writable_length(net).to_string()),
        ("writableNeedDrain", sock.writable_need_drain(net).to_string()),
    ]
}

impl Seen {
    /// Logs what has changed since the last look at this socket.
    fn show(&self, net: &mut Net<()>, log: &Actor, sock: Socket, label: &str) {
        let now = properties(net, sock);
        let old = self.0.borrow_mut().insert(sock, now.clone()).unwrap_or_default();
        let changed: Vec<_> =
            now.iter().filter(|pair| !old.contains(pair)).map(|(name, value)| format!("{name} {value}")).collect();
        let changed = if changed.is_empty() { "as before".into() } else { changed.join(", ") };
        log.log(net, format!("{label}: {changed}"));
    }
}

#[test]
fn r12_properties() {
    let mut net: Net<()> = Net::new(()).unwrap();
    let log = Log::new();
    let c: &Actor = Box::leak(Box::new(log.actor("c")));
    let s: &Actor = Box::leak(Box::new(log.actor("s")));
    let seen: &Seen = Box::leak(Box::default());
    let show = move |net: &mut Net<()>, log: &Actor, sock: Socket, label: &str| seen.show(net, log, sock, label);
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        assert_eq!(peer.server(net), Some(server));
        show(net, s, peer, "connection");
        peer.on_data(net, |_, _, _| {});
        peer.on_end(net, move |net, peer| show(net, s, peer, "end"));
        peer.on_error(net, move |net, peer, _| show(net, s, peer, "error"));
        peer.on_close(net, move |net, peer, _| show(net, s, peer, "close"));
        peer.write(net, "hello");
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = net.socket(SocketOptions { writable_high_water_mark: Some(3), ..SocketOptions::default() }).unwrap();
        show(net, c, sock, "new");
        let to = Connect::port(port_of(net, server)).host("127.0.0.1");
        sock.connect(net, to).unwrap();
        show(net, c, sock, "connect called");
        sock.set_timeout(net, 100_000.0).unwrap();
        sock.pause(net);
        show(net, c, sock, "paused, with a timeout");
        sock.cork(net);
        sock.cork(net);
        sock.write(net, "abcd");
        show(net, c, sock, "corked twice and written to");
        sock.uncork(net);
        sock.uncork(net);
        show(net, c, sock, "uncorked");
        sock.on_drain(net, move |net, sock| show(net, c, sock, "drain"));
        sock.on_connect(net, move |net, sock| {
            show(net, c, sock, "connect");
            sock.read_n(net, 0).unwrap();
            let some = move |net: &mut Net<()>| sock.readable_length(net) > 0;
            when(net, some, move |net| {
                show(net, c, sock, "something to read");
                sock.set_encoding(net, netfold::Encoding::Utf8);
                sock.on_data(net, move |net, sock, _| show(net, c, sock, "data"));
                sock.resume(net);
                show(net, c, sock, "resumed");
                sock.on_resume(net, move |net, sock| show(net, c, sock, "resume"));
                net.set_immediate(move |net| {
                    sock.end(net);
                    show(net, c, sock, "end called");
                });
            });
        });
        sock.on_finish(net, move |net, sock| show(net, c, sock, "finish"));
        sock.on_end(net, move |net, sock| show(net, c, sock, "end"));
        sock.on_close(net, move |net, sock, _| show(net, c, sock, "close"));
        let failed = net.socket(SocketOptions::default()).unwrap();
        failed.on(net, EventKind::Error, move |net, failed, _| show(net, c, failed, "failed: error"));
        failed.on_close(net, move |net, failed, _| show(net, c, failed, "failed: close"));
        failed.destroy_with(net, "why");
        show(net, c, failed, "failed: destroyed");
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r12_properties.log"));
}
