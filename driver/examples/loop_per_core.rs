//! One loop a core: each thread has a loop and an echo server of its own on one port, and the system spreads the connections
//! over them. Nothing is shared, so nothing waits for anything.
//!
//! `loop_per_core [HOW MANY]`; without a number one for each core. Each connection is told which loop it got.

use netfold::{Listen, Net};
use std::error::Error;
use std::num::NonZero;
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Serves for ever, and says on which port.
fn serve(number: usize, port: u16, listening: Sender<u16>) -> Result<(), String> {
    let mut net = Net::new(()).map_err(|error| error.to_string())?;
    let server = net.create_server(move |net, socket| {
        socket.write(net, format!("loop {number}\n"));
        socket.on_data(net, |net, socket, chunk| {
            if !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
        // The other party is gone; 'close' follows.
        socket.on_error(net, |_, _, _| {});
    });
    let place = Listen::port(port).host("127.0.0.1").reuse_port(true);
    server.listen_then(&mut net, place, move |net, server| {
        let _nobody_waits = listening.send(server.port(net).expect("it listens on a port"));
    });
    net.run().map_err(|error| error.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => thread::available_parallelism().map_or(1, NonZero::get),
    };
    // The first one finds a free port, which the others share.
    let (listening, heard) = channel();
    let first = listening.clone();
    let mut loops = vec![thread::spawn(|| serve(0, 0, first))];
    let Ok(port) = heard.recv() else { return Err("the first loop does not listen".into()) };
    for number in 1..count {
        let listening = listening.clone();
        loops.push(thread::spawn(move || serve(number, port, listening)));
    }
    drop(listening);
    // Each one says so once, and hangs up when it ends.
    let others = heard.iter().take(count - 1).count();
    println!("{} loops listen on 127.0.0.1:{port}", others + 1);
    for ran in loops {
        ran.join().map_err(|_| "a loop has panicked")??;
    }
    Ok(())
}
