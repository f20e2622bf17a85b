//! What an idle connection costs a server in memory.

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("{}", netfold_bench::LINUX_ONLY);
}

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::run()
}

#[cfg(target_os = "linux")]
mod linux {
    use clap::Parser;
    use netfold_bench::load::{Load, Work};
    use netfold_bench::machine;
    use netfold_bench::peer::Peer;
    use netfold_bench::stats::{Sample, print_table};
    use std::io;
    use std::time::Duration;

    /// Opens connections, has each echoed once, and says by how much the server has grown: the bytes that it has
    /// allocated, and its memory in RAM, without what the system's kernel holds.
    #[derive(Parser)]
    struct Options {
        /// How many connections.
        #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        connections: u32,
        /// Bytes of the echo.
        #[arg(long, default_value_t = 64)]
        size: usize,
        /// Which servers, separated by commas: epoll, netfold, netfold-cb (a shared write callback), netfold-timeout (an idle
        /// timeout), node-data, node-pipe, addon-data, addon-pipe (netfold inside Node).
        #[arg(long, value_delimiter = ',', default_value = "epoll,netfold,netfold-cb,netfold-timeout,node-data")]
        servers: Vec<String>,
        /// How many times, the servers forwards and backwards in turn; the table has medians.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
    }

    const WITHIN: Duration = Duration::from_secs(60);

    fn peer(name: &str) -> io::Result<Option<Peer>> {
        let netfold = |arguments| Peer::beside(name, "echo_netfold", arguments).map(Some);
        match name {
            "epoll" => Peer::beside(name, "echo_epoll", &[]).map(Some),
            "netfold" => netfold(&[]),
            "netfold-cb" => netfold(&["--callback"]),
            "netfold-timeout" => netfold(&["--timeout"]),
            "node-data" | "node-pipe" => Ok(Peer::node(name, name.trim_start_matches("node-"))),
            "addon-data" | "addon-pipe" => Peer::addon(name, name.trim_start_matches("addon-")),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no server called {name}"))),
        }
    }

    pub(super) fn run() -> io::Result<()> {
        let Options { connections, size, servers, rounds } = Options::parse();
        let allowed = machine::more_descriptors()?;
        if u64::from(connections) + 200 > allowed {
            return Err(io::Error::other(format!("only {allowed} descriptors are allowed (ulimit -n)")));
        }
        let connections = connections as usize;
        let mut measured = Vec::new();
        for name in &servers {
            match peer(name)? {
                Some(peer) => measured.push((peer, Sample::default(), Sample::default())),
                None => println!("{name}: skipped, there is no node here"),
            }
        }
        for round in 0..rounds {
            let count = measured.len();
            for at in 0..count {
                let (peer, heap, resident) = &mut measured[if round % 2 == 0 { at } else { count - 1 - at }];
                let grown = grown(peer, connections, size)?;
                heap.push(grown.0);
                resident.push(grown.1);
            }
        }
        println!("{connections} idle connections, each after one echo of {size} bytes; {rounds} times");
        let row = |(peer, heap, resident): &(Peer, Sample, Sample)| {
            let each = |sample: &Sample| vec![format!("{:.0}", sample.median()), format!("{:.1}", sample.spread())];
            [vec![peer.name.clone()], each(heap), each(resident)].concat()
        };
        let rows: Vec<_> = measured.iter().map(row).collect();
        print_table(&["server", "heap B/conn", "spread %", "RSS B/conn", "spread %"], &rows);
        Ok(())
    }

    /// By how many bytes a server grows with each connection: those it has allocated, and those in RAM.
    fn grown(peer: &Peer, connections: usize, size: usize) -> io::Result<(f64, f64)> {
        let mut server = peer.start(0)?;
        // What the first connections cost once.
        let mut first = Load::connect(server.address(), Work { connections: 100, size, depth: 1 })?;
        first.run(10_000, WITHIN)?;
        let (heap, resident) = (server.heap()?, server.resident()?);
        let mut load = Load::connect(server.address(), Work { connections, size, depth: 1 })?;
        load.run(connections as u64, WITHIN)?;
        let each = |before: u64, after: u64| (after as f64 - before as f64) / connections as f64;
        Ok((each(heap, server.heap()?), each(resident, server.resident()?)))
    }
}
