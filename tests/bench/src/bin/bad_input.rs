//! What peers that do their worst cost a server, and the others that it serves.

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
    use netfold::Net;
    use netfold_bench::load::{Load, Work};
    use netfold_bench::machine;
    use netfold_bench::peer::{Peer, Server};
    use netfold_bench::stats::{Sample, print_table};
    use netfold_bench::table::append_rows;
    use std::cell::Cell;
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::path::PathBuf;
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    /// One greedy connection among a thousand, a flood of single bytes, slow readers, peers that never read, timers that are due
    /// together.
    #[derive(Parser)]
    struct Options {
        /// Which servers, separated by commas.
        #[arg(long, value_delimiter = ',', default_value = "epoll,uv,netfold-pause,node-pipe",
            help = format!("Which servers, separated by commas: {}", Peer::NAMES))]
        servers: Vec<String>,
        /// How many rounds; the table has medians.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        rounds: u32,
        /// Only those cases whose names have this in them.
        #[arg(long, default_value = "")]
        only: String,
        /// Append the figures to this file too, tab-separated.
        #[arg(long)]
        out: Option<PathBuf>,
    }

    const WITHIN: Duration = Duration::from_secs(60);
    const BLOCK: usize = 64 * 1024;

    /// What it is called, and what gives one figure of a server.
    type Case = (&'static str, fn(&Peer) -> io::Result<f64>);

    pub(super) fn run() -> io::Result<()> {
        let Options { servers, rounds, only, out } = Options::parse();
        machine::more_descriptors()?;
        machine::pin(1 % machine::cores()?)?;
        let peers = Peer::all(&servers)?;
        let cases: [Case; 6] = [
            ("others' p99 beside a greedy one, over p99 without", greedy),
            ("the same, the greedy one another server's", greedy_elsewhere),
            ("CPU ns per byte, sent one by one", single_bytes),
            ("heap bytes per slow reader, at most", slow_readers),
            ("heap bytes per peer that never reads, at most", never_reads),
            ("megabytes taken from such a peer", taken_from_never_reads),
        ];
        let mut rows = Vec::new();
        for (case, measure) in cases.into_iter().filter(|(case, _)| case.contains(&only)) {
            let mut samples = vec![Sample::default(); peers.len()];
            for _ in 0..rounds {
                for (peer, sample) in peers.iter().zip(&mut samples) {
                    sample.push(measure(peer)?);
                }
            }
            let cells = samples.iter().map(|s| format!("{:.2} ({:.2}-{:.2})", s.median(), s.p10(), s.quantile(0.9)));
            rows.push([case.to_owned()].into_iter().chain(cells).collect());
        }
        let timers = "ns per timer, 20,000 due together";
        if timers.contains(&only) {
            rows.push(timers_row(timers, &peers, rounds)?);
        }
        let heads: Vec<&str> = ["case"].into_iter().chain(peers.iter().map(|peer| peer.name.as_str())).collect();
        print_table(&heads, &rows);
        out.map_or(Ok(()), |file| append_rows(&file, &heads, &rows))
    }

    /// It is netfold's alone.
    fn timers_row(name: &str, peers: &[Peer], rounds: u32) -> io::Result<Vec<String>> {
        let mut timers = Sample::default();
        for _ in 0..rounds {
            timers.push(timers_together()?);
        }
        let cells = peers.iter().map(|peer| match peer.name.starts_with("netfold") {
            true => format!("{:.0} ({:.0}-{:.0})", timers.median(), timers.p10(), timers.quantile(0.9)),
            false => String::from("-"),
        });
        Ok([name.to_owned()].into_iter().chain(cells).collect())
    }

    fn stream(server: &Server) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(server.address())?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }

    /// How many bytes went, or came; none if the system would block.
    fn now(done: io::Result<usize>) -> io::Result<usize> {
        match done {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            done => done,
        }
    }

    fn greedy(peer: &Peer) -> io::Result<f64> {
        let server = peer.start(0)?;
        beside_greedy(&server, server.address())
    }

    /// The greedy one is another server's, on the same core: the same work for both cores, and none of it stands between the
    /// others in one loop. What this costs them is the machine's, not the server's.
    fn greedy_elsewhere(peer: &Peer) -> io::Result<f64> {
        let elsewhere = peer.start(0)?;
        beside_greedy(&peer.start(0)?, elsewhere.address())
    }

    /// A thousand connections, each with one request of 64 bytes under way; then the same beside one that has 16 of 64 KiB.
    fn beside_greedy(server: &Server, address: SocketAddr) -> io::Result<f64> {
        let work = |connections, size, depth| Work { churn: false, connections, size, depth };
        let mut others = Load::connect(server.address(), work(1000, 64, 1))?;
        others.run(10_000, WITHIN)?;
        let alone = others.run(30_000, WITHIN)?.latency(0.99);
        let (stop, stopped) = std::sync::mpsc::channel();
        let greedy = std::thread::spawn(move || -> io::Result<()> {
            let mut load = Load::connect(address, work(1, BLOCK, 16))?;
            while stopped.try_recv().is_err() {
                load.run(64, WITHIN)?;
            }
            Ok(())
        });
        others.run(5_000, WITHIN)?;
        let beside = others.run(30_000, WITHIN)?.latency(0.99);
        let _it_has_failed = stop.send(());
        greedy.join().map_err(|_| io::Error::other("the greedy connection has failed"))??;
        Ok(beside / alone)
    }

    /// One segment a byte, as many as go ahead of the answers.
    fn single_bytes(peer: &Peer) -> io::Result<f64> {
        const BYTES: usize = 100_000;
        let server = peer.start(0)?;
        let mut stream = stream(&server)?;
        let mut part = vec![0; BLOCK];
        let (mut sent, mut got) = (0, 0);
        let before = server.cpu_time()?;
        let began = Instant::now();
        while got < BYTES && began.elapsed() < WITHIN {
            if sent < BYTES && sent - got < 2000 {
                sent += now(stream.write(b"x"))?;
            }
            if sent % 64 == 0 || sent == BYTES || sent - got >= 2000 {
                got += now(stream.read(&mut part))?;
            }
        }
        Ok((server.cpu_time()? - before).as_nanos() as f64 / got as f64)
    }

    /// By how much a server's heap has grown since `before`, for each of so many.
    fn grown(server: &mut Server, before: u64, each: usize) -> io::Result<f64> {
        Ok(server.heap()?.saturating_sub(before) as f64 / each as f64)
    }

    /// A hundred that ask for 256 KiB back and read it 4 KiB at a time, in turn, to the end.
    fn slow_readers(peer: &Peer) -> io::Result<f64> {
        const READERS: usize = 100;
        const WANTED: usize = 256 * 1024;
        let mut server = peer.start(0)?;
        let mut streams = (0..READERS).map(|_| stream(&server)).collect::<io::Result<Vec<_>>>()?;
        let before = server.heap()?;
        let (block, mut part) = (vec![7; BLOCK], [0; 4096]);
        let (mut sent, mut got) = (vec![0; READERS], vec![0; READERS]);
        let mut most = 0.0_f64;
        let began = Instant::now();
        while got.iter().any(|&got| got < WANTED) && began.elapsed() < WITHIN {
            for (at, stream) in streams.iter_mut().enumerate() {
                sent[at] += now(stream.write(&block[..(WANTED - sent[at]).min(BLOCK)]))?;
                if got[at] < WANTED {
                    got[at] += now(stream.read(&mut part))?;
                }
            }
            most = most.max(grown(&mut server, before, READERS)?);
        }
        if got.iter().any(|&got| got != WANTED) {
            return Err(io::Error::other(format!("{}: not all came back", peer.name)));
        }
        Ok(most)
    }

    /// Twenty that send for as long as anything is taken, and never read.
    fn never(peer: &Peer) -> io::Result<(f64, f64)> {
        const PEERS: usize = 20;
        let mut server = peer.start(0)?;
        let mut streams = (0..PEERS).map(|_| stream(&server)).collect::<io::Result<Vec<_>>>()?;
        let before = server.heap()?;
        let block = vec![7; BLOCK];
        let (mut most, mut sent, mut last) = (0.0_f64, 0, Instant::now());
        while last.elapsed() < Duration::from_millis(300) {
            for stream in &mut streams {
                let took = now(stream.write(&block))?;
                sent += took;
                if took > 0 {
                    last = Instant::now();
                }
            }
            most = most.max(grown(&mut server, before, PEERS)?);
        }
        Ok((most, sent as f64 / PEERS as f64 / 1e6))
    }

    fn never_reads(peer: &Peer) -> io::Result<f64> {
        Ok(never(peer)?.0)
    }

    fn taken_from_never_reads(peer: &Peer) -> io::Result<f64> {
        Ok(never(peer)?.1)
    }

    /// Nanoseconds from the first that rings to the last, for each.
    fn timers_together() -> io::Result<f64> {
        const TIMERS: u32 = 20_000;
        let mut net = Net::new(())?;
        let rang = Rc::new(Cell::new((0, None, Duration::ZERO)));
        let far = Instant::now();
        for _ in 0..TIMERS {
            let rang = rang.clone();
            net.set_timeout(50.0, move |_| {
                let (count, first, _) = rang.get();
                let first: Instant = first.unwrap_or_else(Instant::now);
                // The clock is read at the first and the last alone.
                let took = if count + 1 == TIMERS { first.elapsed() } else { Duration::ZERO };
                rang.set((count + 1, Some(first), took));
            });
        }
        // All are due before the loop looks.
        std::thread::sleep(Duration::from_millis(60).saturating_sub(far.elapsed()));
        net.run().map_err(|error| io::Error::other(error.to_string()))?;
        let (count, _, took) = rang.get();
        assert_eq!(count, TIMERS);
        Ok(took.as_nanos() as f64 / f64::from(TIMERS))
    }
}
