//! The works on madsim: no latency, everything else as it is by default.

use madsim::net::{TcpListener, TcpStream};
use madsim::runtime::Runtime;
use madsim::{Config, task};
use netfold_bench_simulators::{Load, echo, measure, trips};
use std::net::SocketAddr;
use std::time::Duration;

const SERVER: &str = "10.0.0.1:80";

async fn serve() {
    let listener = TcpListener::bind(SERVER).await.expect("a listener");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        task::spawn(echo(stream));
    }
}

async fn client(load: Load) {
    for _ in 0..load.lives {
        let to: SocketAddr = SERVER.parse().expect("an address");
        let stream = TcpStream::connect(to).await.expect("a connection");
        trips(stream, load.trips).await;
    }
}

fn main() {
    let load = Load::of_arguments();
    measure(load, || {
        let mut config = Config::default();
        config.net.send_latency = Duration::ZERO..Duration::from_nanos(1);
        let runtime = Runtime::with_seed_and_config(1, config);
        runtime.block_on(async move {
            let handle = madsim::runtime::Handle::current();
            let server = handle.create_node().ip("10.0.0.1".parse().expect("an address")).build();
            server.spawn(serve());
            // The server is to listen first.
            madsim::time::sleep(Duration::from_secs(1)).await;
            let many = if load.each { load.clients } else { 1 };
            let mut all = Vec::new();
            for number in 0..many {
                let [_, a, b, c] = (number + 2).to_be_bytes();
                let node = handle.create_node().ip([11, a, b, c].into()).build();
                let on_it = if load.each { 1 } else { load.clients };
                all.extend((0..on_it).map(|_| node.spawn(client(load))));
            }
            for one in all {
                one.await.expect("a client");
            }
        });
    });
}
