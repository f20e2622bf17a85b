//! A server that a signal stops gracefully: the first closes the server and ends each connection once it is silent, the
//! second leaves at once. On a port (8124 unless given) or a Unix path.

use netfold::{Listen, Net, NetError, Poster, Server, Socket};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::collections::BTreeSet;

/// How long a connection must be silent to be ended, in milliseconds.
const QUIET_MS: f64 = 200.0;

#[derive(Default)]
struct State {
    open: BTreeSet<Socket>,
    stopping: bool,
    signals: Option<Handle>,
}

fn main() -> Result<(), NetError> {
    let place = std::env::args().nth(1).unwrap_or_else(|| String::from("8124"));
    let listen = match place.parse::<u16>() {
        Ok(port) => Listen::port(port).host("127.0.0.1"),
        Err(_) => Listen::path(&place),
    };
    let mut net = Net::new(State::default())?;
    let server = net.create_server(|net, socket| {
        net.state.open.insert(socket);
        socket.on_close(net, |net, socket, _| {
            net.state.open.remove(&socket);
        });
        socket.on_error(net, |_, _, error| eprintln!("{error}"));
        socket.on_data(net, |net, socket, chunk| {
            // After `end` nothing can be written.
            let writable = socket.view(net).is_some_and(|socket| socket.writable());
            if writable && !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
    });
    server.listen_then(&mut net, listen, |net, server| println!("server bound {:?}", server.address(net)));
    // 'close' comes when the last connection is gone. Without its poster nothing keeps the loop, and `run` returns.
    server.on_close(&mut net, |net, _| {
        println!("server closed");
        if let Some(signals) = net.state.signals.take() {
            signals.close();
        }
    });
    net.state.signals = Some(on_signals(net.poster(), server)?);
    net.run()
}

/// Signals come to a thread, which hands them to the loop as turns of their own.
fn on_signals(poster: Poster<State, netfold::System>, server: Server) -> std::io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    std::thread::spawn(move || {
        for _signal in signals.forever() {
            poster.post(move |net| stop(net, server));
        }
    });
    Ok(handle)
}

fn stop(net: &mut Net<State>, server: Server) {
    if std::mem::replace(&mut net.state.stopping, true) {
        return net.stop();
    }
    println!("stopping");
    server.close(net);
    for socket in net.state.open.clone() {
        socket.on_timeout(net, |net, socket| {
            // Who is slow to read gets everything first; the timeout comes again after the next sign of life.
            if socket.view(net).is_some_and(|socket| socket.writable_length() == 0) {
                socket.end(net);
            }
        });
        socket.set_timeout(net, QUIET_MS).expect("the time is in range");
    }
}
