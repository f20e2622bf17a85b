//! The servers that many programs have.

use crate::{Actor, Server, Socket, create_server, create_server_with};
use netfold_core::{NodeError, ServerOptions, SocketOptions};
use std::cell::Cell;

/// Takes one client and reads on.
pub fn reads_on() -> Server {
    create_server(|server, peer| {
        server.close();
        peer.ignore_errors();
        peer.resume();
    })
}

/// Takes one client, reads on and ends at once.
pub fn ends_at_once() -> Server {
    create_server(|server, peer| {
        server.close();
        peer.ignore_errors();
        peer.resume();
        peer.end();
    })
}

/// Takes one client and notes its events.
pub fn notes(s: Actor, names: &'static str) -> Server {
    create_server(move |server, peer| {
        server.close();
        s.watch(peer, names);
    })
}

/// `{ pauseOnConnect: true }`
pub fn paused() -> ServerOptions {
    ServerOptions { pause_on_connect: true, ..ServerOptions::default() }
}

/// `{ allowHalfOpen: true }`
pub fn half_open() -> ServerOptions {
    let socket = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
    ServerOptions { socket, ..ServerOptions::default() }
}

/// Takes one client and does not read.
pub fn silent(peer: &'static Cell<Option<Socket>>) -> Server {
    create_server_with(paused(), move |server, accepted| {
        server.close();
        peer.set(Some(accepted));
    })
}

/// Takes one client, reads on, writes `text` to it, and leaves it in `peer`.
pub fn keeps(peer: &'static Cell<Option<Socket>>, text: &'static str) -> Server {
    create_server(move |server, accepted| {
        server.close();
        peer.set(Some(accepted));
        accepted.ignore_errors();
        accepted.resume();
        accepted.write(text);
    })
}

/// `Object.keys(error)`, in node's order.
pub fn keys(error: &NodeError) -> String {
    let listen = error.syscall() == Some("listen");
    let mut keys = if listen { vec!["code", "errno", "syscall"] } else { vec!["errno", "code", "syscall"] };
    if error.address().is_some() {
        keys.push("address");
    }
    if error.port().is_some() {
        keys.push("port");
    }
    if error.local().is_some() {
        keys.extend(["localAddress", "localPort"]);
    }
    keys.join(",")
}
