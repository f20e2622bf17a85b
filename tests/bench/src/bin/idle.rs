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
    use netfold_bench::stats::print_table;
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
    }

    const WITHIN: Duration = Duration::from_secs(60);

    pub(super) fn run() -> io::Result<()> {
        let Options { connections, size } = Options::parse();
        let allowed = machine::more_descriptors()?;
        if u64::from(connections) + 100 > allowed {
            return Err(io::Error::other(format!("only {allowed} descriptors are allowed (ulimit -n)")));
        }
        let connections = connections as usize;
        let mut peers = vec![
            Peer::beside("epoll", "echo_epoll", &[])?,
            Peer::beside("netfold", "echo_netfold", &[])?,
            Peer::beside("netfold-cb", "echo_netfold", &["--callback"])?,
            Peer::beside("netfold-timeout", "echo_netfold", &["--timeout"])?,
        ];
        match Peer::node("node-data", "data") {
            Some(node) => peers.push(node),
            None => println!("node-data: skipped, there is no node here"),
        }
        let mut rows = Vec::new();
        for peer in peers {
            let mut server = peer.start(0)?;
            // What the first connections cost once.
            let warm = Work { connections: 100, size, depth: 1 };
            let mut first = Load::connect(server.address(), warm)?;
            first.run(10_000, WITHIN)?;
            let (heap, resident) = (server.heap()?, server.resident()?);
            let work = Work { connections, size, depth: 1 };
            let mut load = Load::connect(server.address(), work)?;
            load.run(connections as u64, WITHIN)?;
            let (heap, resident) = (grown(heap, server.heap()?), grown(resident, server.resident()?));
            let each = |bytes: f64| format!("{:.0}", bytes / connections as f64);
            rows.push(vec![peer.name, each(heap), each(resident)]);
        }
        println!("{connections} idle connections, each after one echo of {size} bytes");
        print_table(&["server", "heap B/conn", "RSS B/conn"], &rows);
        Ok(())
    }

    fn grown(before: u64, after: u64) -> f64 {
        after as f64 - before as f64
    }
}
