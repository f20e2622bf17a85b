//! What each of the embeddings runs: an echo server, and a client that sends a megabyte and waits for it to come back, rests
//! for a while, and ends. With nothing left to do the loop that it is in ends too.

use netfold::{Net, NetError};

/// How much came back, in bytes.
#[derive(Default)]
pub struct Echoed(pub usize);

const SENT: usize = 1_000_000;

/// Begins both. What is called from outside runs its ticks at the next dispatch, which is here: a server's port is known
/// then.
pub fn begin() -> Result<Net<Echoed>, NetError> {
    let mut net = Net::new(Echoed::default())?;
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, socket, chunk| {
            if !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
    });
    server.listen(&mut net, ("127.0.0.1", 0)).expect("the arguments are right");
    net.dispatch()?;
    let port = server.port(&mut net).expect("it listens on a free port of the loopback address");
    let client = net.connect(("127.0.0.1", port)).expect("the arguments are right");
    client.write(&mut net, vec![7; SENT]);
    client.on_data(&mut net, move |net, client, chunk| {
        net.state.0 += chunk.len();
        if net.state.0 == SENT {
            println!("{SENT} bytes came back");
            // Only a deadline brings the loop on from here.
            net.set_timeout(30.0, move |net| client.end(net));
        }
    });
    client.on_close(&mut net, move |net, _, had_error| {
        println!("closed, {}", if had_error == Some(true) { "with an error" } else { "without an error" });
        server.close(net);
    });
    Ok(net)
}
