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
    use netfold_bench::table::append_rows;
    use std::io;
    use std::path::PathBuf;
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
        #[arg(long, value_delimiter = ',', default_value = "epoll,netfold,netfold-cb,netfold-timeout,node-data",
            help = format!("Which servers, separated by commas: {}", Peer::NAMES))]
        servers: Vec<String>,
        /// How many times, the servers forwards and backwards in turn; the table has medians.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
        /// Append the figures to this file too, tab-separated.
        #[arg(long)]
        out: Option<PathBuf>,
    }

    const WITHIN: Duration = Duration::from_secs(60);

    pub(super) fn run() -> io::Result<()> {
        let Options { connections, size, servers, rounds, out } = Options::parse();
        let allowed = machine::more_descriptors()?;
        if u64::from(connections) + 200 > allowed {
            return Err(io::Error::other(format!("only {allowed} descriptors are allowed (ulimit -n)")));
        }
        let connections = connections as usize;
        let peers = Peer::all(&servers)?.into_iter();
        let mut measured: Vec<_> = peers.map(|peer| (peer, Sample::default(), Sample::default())).collect();
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
        let heads = ["server", "heap", "heap_spread", "resident", "resident_spread"];
        out.map_or(Ok(()), |file| append_rows(&file, &heads, &rows))
    }

    /// By how many bytes a server grows with each connection: those it has allocated, and those in RAM.
    fn grown(peer: &Peer, connections: usize, size: usize) -> io::Result<(f64, f64)> {
        let work = |connections| Work { churn: false, connections, size, depth: 1 };
        let mut server = peer.start(0)?;
        // What the first connections cost once.
        let mut first = Load::connect(server.address(), work(100))?;
        first.run(10_000, WITHIN)?;
        let (heap, resident) = (server.heap()?, server.resident()?);
        let mut load = Load::connect(server.address(), work(connections))?;
        load.run(connections as u64, WITHIN)?;
        let each = |before: u64, after: u64| (after as f64 - before as f64) / connections as f64;
        Ok((each(heap, server.heap()?), each(resident, server.resident()?)))
    }
}
