//! What a request costs the server's core, on netfold and on its peers, measured side by side.

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
    use netfold_bench::load::{Load, Piece, Work};
    use netfold_bench::machine;
    use netfold_bench::peer::{Peer, Server};
    use netfold_bench::stats::{Sample, print_table};
    use netfold_bench::table::append_rows;
    use std::io;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    /// Starts every server, and gives each the same pieces of work in turn: A B C, C B A, A B C, ...
    ///
    /// The servers run on one core and the load on another. The figure of record is the time that the server's process
    /// was on its core, per request; ratios are those of the pieces of one round, to the first server.
    #[derive(Parser)]
    struct Options {
        /// What to do; CONNECTIONSxBYTES, CONNECTIONSxBYTESxDEPTH or churn:CONNECTIONSxBYTES, separated by commas.
        #[arg(long, value_delimiter = ',', default_value = "1x64,64x64,1000x64,64x16384")]
        work: Vec<Work>,
        #[arg(long, value_delimiter = ',', default_value = "epoll,netfold,netfold-cb,node-data,node-pipe",
            help = format!("Which servers, separated by commas; the first is what the others are compared with: {}", Peer::NAMES))]
        servers: Vec<String>,
        /// How many rounds.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
        rounds: u32,
        /// How long a piece takes the first server, in milliseconds.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        piece: u64,
        /// Connect anew for each piece: only one server at a time has connections.
        #[arg(long)]
        reconnect: bool,
        /// Append the figures to this file too, tab-separated.
        #[arg(long)]
        out: Option<PathBuf>,
        /// The servers' core.
        #[arg(long, default_value_t = 0)]
        server_core: usize,
        /// The load's core.
        #[arg(long, default_value_t = 1)]
        load_core: usize,
    }

    /// No piece takes longer.
    const WITHIN: Duration = Duration::from_secs(60);

    /// A server, with its connections and what was measured of it.
    struct Measured {
        name: String,
        server: Server,
        work: Work,
        /// `None` if each piece connects anew.
        load: Option<Load>,
        cpu: Sample,
        rate: Sample,
        half: Sample,
        most: Sample,
    }

    impl Measured {
        fn piece(&mut self, requests: u64) -> io::Result<Duration> {
            let (piece, ran) =
                self.ran(requests).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))?;
            self.cpu.push(ran.as_nanos() as f64 / requests as f64);
            self.rate.push(piece.per_second());
            self.half.push(piece.latency(0.5));
            self.most.push(piece.latency(0.99));
            Ok(piece.wall)
        }

        /// So many requests, and how long the server was on its core meanwhile.
        fn ran(&mut self, requests: u64) -> io::Result<(Piece, Duration)> {
            let mut anew = None;
            let load = match &mut self.load {
                Some(load) => load,
                // Once around: then all are accepted.
                None => {
                    let load = anew.insert(Load::connect(self.server.address(), self.work)?);
                    load.run(self.work.connections as u64, WITHIN)?;
                    load
                }
            };
            let before = self.server.cpu_time()?;
            let piece = load.run(requests, WITHIN)?;
            Ok((piece, self.server.cpu_time()? - before))
        }

        fn forget(&mut self) {
            (self.cpu, self.rate, self.half, self.most) = Default::default();
        }
    }

    pub(super) fn run() -> io::Result<()> {
        let options = Options::parse();
        machine::more_descriptors()?;
        let cores = machine::cores()?;
        if cores < 2 {
            println!("this machine has one core: servers and load share it, and the figures say little");
        }
        machine::pin(options.load_core % cores)?;
        let peers = Peer::all(&options.servers)?;
        for &work in &options.work {
            compare(&options, &peers, work, options.server_core % cores)?;
        }
        Ok(())
    }

    fn compare(options: &Options, peers: &[Peer], work: Work, core: usize) -> io::Result<()> {
        let mut all = Vec::new();
        for peer in peers {
            let server = peer.start(core)?;
            let load = (!options.reconnect).then(|| Load::connect(server.address(), work)).transpose()?;
            let [cpu, rate, half, most] = Default::default();
            all.push(Measured { name: peer.name.clone(), server, work, load, cpu, rate, half, most });
        }
        let requests = calibrate(&mut all, work, Duration::from_millis(options.piece))?;
        for measured in &mut all {
            measured.piece(requests)?;
            measured.forget();
        }
        for round in 0..options.rounds {
            let count = all.len();
            for at in 0..count {
                let at = if round % 2 == 0 { at } else { count - 1 - at };
                all[at].piece(requests)?;
            }
        }
        print(options, work, requests, &all);
        options.out.as_ref().map_or(Ok(()), |file| write(file, work, &all))
    }

    /// How many requests the first server answers in the time that a piece is to take, when nothing is in its way.
    fn calibrate(all: &mut [Measured], work: Work, piece: Duration) -> io::Result<u64> {
        let Some(first) = all.first_mut() else { return Err(io::Error::other("no server to measure")) };
        let mut requests = work.connections as u64;
        let mut wall = first.piece(requests)?;
        while wall < piece / 4 {
            requests *= 2;
            wall = first.piece(requests)?;
        }
        for _ in 0..5 {
            wall = wall.min(first.piece(requests)?);
        }
        let wanted = requests as f64 * piece.as_secs_f64() / wall.as_secs_f64();
        Ok((wanted as u64).max(work.connections as u64))
    }

    fn print(options: &Options, work: Work, requests: u64, all: &[Measured]) {
        println!("\n{work}: {} rounds of {requests} requests, interleaved", options.rounds);
        let heads = [
            "server",
            "cpu ns/req",
            "p10",
            "spread %",
            "ratio",
            "ratio p10",
            "ratio 10-90 %",
            "req/s",
            "MB/s",
            "rate ratio",
            "p50 us",
            "p99 us",
        ];
        let row = |m: &Measured| {
            let (ratio, rate) = (m.cpu.over(&all[0].cpu), m.rate.over(&all[0].rate));
            vec![
                m.name.clone(),
                format!("{:.0}", m.cpu.median()),
                format!("{:.0}", m.cpu.p10()),
                format!("{:.1}", m.cpu.spread()),
                format!("{:.3}", ratio.median()),
                format!("{:.3}", m.cpu.p10() / all[0].cpu.p10()),
                format!("{:.2}-{:.2}", ratio.p10(), ratio.quantile(0.9)),
                format!("{:.0}", m.rate.median()),
                format!("{:.1}", m.rate.median() * work.size as f64 / 1e6),
                format!("{:.3} {:.2}-{:.2}", rate.median(), rate.p10(), rate.quantile(0.9)),
                format!("{:.1}", m.half.median()),
                format!("{:.1}", m.most.median()),
            ]
        };
        print_table(&heads, &all.iter().map(row).collect::<Vec<_>>());
    }

    fn write(file: &Path, work: Work, all: &[Measured]) -> io::Result<()> {
        let heads = [
            "work",
            "server",
            "ns",
            "p10",
            "spread",
            "ratio",
            "ratio_p10",
            "ratio_low",
            "ratio_high",
            "rate",
            "p50",
            "p99",
        ];
        let row = |m: &Measured| {
            let ratio = m.cpu.over(&all[0].cpu);
            let ratios = [ratio.median(), m.cpu.p10() / all[0].cpu.p10(), ratio.p10(), ratio.quantile(0.9)];
            let mut row = vec![work.to_string(), m.name.clone()];
            row.extend([m.cpu.median(), m.cpu.p10(), m.cpu.spread()].map(|n| format!("{n:.1}")));
            row.extend(ratios.map(|n| format!("{n:.4}")));
            row.extend([m.rate.median(), m.half.median(), m.most.median()].map(|n| format!("{n:.1}")));
            row
        };
        append_rows(file, &heads, &all.iter().map(row).collect::<Vec<_>>())
    }
}
