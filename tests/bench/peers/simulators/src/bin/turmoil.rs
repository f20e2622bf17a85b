//! The works on turmoil: no latency, room for all clients at once, everything else as it is by default.

use netfold_bench_simulators::{Load, echo, measure, trips};
use std::time::Duration;
use turmoil::net::{TcpListener, TcpStream};

async fn serve() -> turmoil::Result {
    let listener = TcpListener::bind("0.0.0.0:80").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(echo(stream));
    }
}

async fn client(load: Load) {
    for _ in 0..load.lives {
        let stream = TcpStream::connect("server:80").await.expect("a connection");
        trips(stream, load.trips).await;
    }
}

fn main() {
    let load = Load::of_arguments();
    measure(load, || {
        let mut sim = turmoil::Builder::new()
            .simulation_duration(Duration::from_secs(86_400))
            .min_message_latency(Duration::ZERO)
            .max_message_latency(Duration::ZERO)
            .tcp_capacity(4_096)
            .build();
        sim.host("server", serve);
        if load.each {
            for number in 0..load.clients {
                sim.client(format!("client-{number}"), async move {
                    client(load).await;
                    Ok(())
                });
            }
        } else {
            sim.client("clients", async move {
                let all: Vec<_> = (0..load.clients).map(|_| tokio::spawn(client(load))).collect();
                for one in all {
                    one.await?;
                }
                Ok(())
            });
        }
        sim.run().expect("it ends");
    });
}
