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
    use netfold_bench::load::{Load, Work};
    use netfold_bench::machine;
    use netfold_bench::peer::{Peer, Server};
    use netfold_bench::stats::{Sample, print_table};
    use std::io;
    use std::time::Duration;

    /// Starts every server, and gives each the same pieces of work in turn: A B C, C B A, A B C, ...
    ///
    /// The servers run on one core and the load on another. The figure of record is the time that the server's process
    /// was on its core, per request; ratios are those of the pieces of one round, to the first server.
    #[derive(Parser)]
    struct Options {
        /// What to do; CONNECTIONSxBYTES or CONNECTIONSxBYTESxDEPTH, separated by commas.
        #[arg(long, value_delimiter = ',', default_value = "1x64,64x64,1000x64,64x16384")]
        work: Vec<Work>,
        /// Which servers, separated by commas; the first is what the others are compared with.
        ///
        /// epoll, netfold, netfold-cb (a shared write callback), netfold-pause (backpressure), netfold-timeout (an idle
        /// timeout), netfold-length, -hash, -full (recorded), netfold-level, -oneshot (waits), node-data, node-pipe, and
        /// addon-data, addon-pipe (netfold inside Node).
        #[arg(long, value_delimiter = ',', default_value = "epoll,netfold,netfold-cb,node-data,node-pipe")]
        servers: Vec<String>,
        /// How many rounds.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
        rounds: u32,
        /// How long a piece takes the first server, in milliseconds.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        piece: u64,
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
        load: Load,
        cpu: Sample,
        rate: Sample,
        half: Sample,
        most: Sample,
    }

    impl Measured {
        fn piece(&mut self, requests: u64) -> io::Result<Duration> {
            let before = self.server.cpu_time()?;
            let piece = self
                .load
                .run(requests, WITHIN)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))?;
            let ran = self.server.cpu_time()? - before;
            self.cpu.push(ran.as_nanos() as f64 / requests as f64);
            self.rate.push(piece.per_second());
            self.half.push(piece.latency(0.5));
            self.most.push(piece.latency(0.99));
            Ok(piece.wall)
        }

        fn forget(&mut self) {
            (self.cpu, self.rate, self.half, self.most) = Default::default();
        }
    }

    fn peer(name: &str) -> io::Result<Option<Peer>> {
        let netfold = |arguments| Peer::beside(name, "echo_netfold", arguments).map(Some);
        let node = |variant| {
            let peer = Peer::node(name, variant);
            if peer.is_none() {
                println!("{name}: skipped, there is no node here");
            }
            Ok(peer)
        };
        match name {
            "epoll" => Peer::beside(name, "echo_epoll", &[]).map(Some),
            "netfold" => netfold(&[]),
            "netfold-cb" => netfold(&["--callback"]),
            "netfold-pause" => netfold(&["--backpressure"]),
            "netfold-timeout" => netfold(&["--timeout"]),
            "netfold-length" | "netfold-hash" | "netfold-full" => {
                let payload = name.trim_start_matches("netfold-");
                Ok(netfold(&[])?.map(|peer| peer.recording(payload)))
            }
            "netfold-level" => netfold(&["--waiting", "level"]),
            "netfold-oneshot" => netfold(&["--waiting", "oneshot"]),
            "addon-data" | "addon-pipe" => Peer::addon(name, name.trim_start_matches("addon-")),
            "node-data" => node("data"),
            "node-pipe" => node("pipe"),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no server called {name}"))),
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
        let mut peers = Vec::new();
        for name in &options.servers {
            peers.extend(peer(name)?);
        }
        for &work in &options.work {
            compare(&options, &peers, work, options.server_core % cores)?;
        }
        Ok(())
    }

    fn compare(options: &Options, peers: &[Peer], work: Work, core: usize) -> io::Result<()> {
        let mut all = Vec::new();
        for peer in peers {
            let server = peer.start(core)?;
            let load = Load::connect(server.address(), work)?;
            let [cpu, rate, half, most] = Default::default();
            all.push(Measured { name: peer.name.clone(), server, load, cpu, rate, half, most });
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
        Ok(())
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
}
