//! Measures the world: 100 clients that each send 64 bytes 100 times to an echo server, on one thread.

use netfold::{Limits, Net};
use netfold_sim::{Chooser, World};
use std::cell::Cell;
use std::time::Instant;

const CLIENTS: u32 = 100;
const TRIPS: u32 = 100;

/// One run of all clients; how many round trips there were.
fn run(chooser: Chooser) -> u32 {
    let world = World::new(chooser);
    let mut net = Net::with_host((0, CLIENTS), world, Limits::DEFAULT);
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, socket, chunk| {
            socket.write(net, chunk);
        });
    });
    server.listen(&mut net, ("127.0.0.1", 80)).expect("a server");
    for _ in 0..CLIENTS {
        let client = net.connect(("127.0.0.1", 80)).expect("a socket");
        client.write(&mut net, vec![1; 64]);
        let (left, got) = (Cell::new(TRIPS), Cell::new(0));
        client.on_data(&mut net, move |net, client, chunk| {
            got.set(got.get() + chunk.len());
            if got.get() < 64 {
                return;
            }
            got.set(got.get() - 64);
            net.state.0 += 1;
            left.set(left.get() - 1);
            if left.get() > 0 {
                client.write(net, vec![1; 64]);
                return;
            }
            client.end(net);
            net.state.1 -= 1;
            if net.state.1 == 0 {
                server.close(net);
            }
        });
    }
    net.run().expect("it ends");
    net.state.0
}

fn main() {
    let began = Instant::now();
    let trips: u32 = (0..50).map(|_| run(Chooser::calm())).sum();
    println!("{:.0} round trips a second, calm", f64::from(trips) / began.elapsed().as_secs_f64());
    let began = Instant::now();
    let trips: u32 = (0..50).map(|seed| run(Chooser::seed(seed))).sum();
    println!("{:.0} round trips a second, 50 seeds", f64::from(trips) / began.elapsed().as_secs_f64());
}
