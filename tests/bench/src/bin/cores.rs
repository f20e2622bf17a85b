//! What a second loop on a second core gains: servers of one loop and of several, with one port, beside each other.

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

    /// Servers of one loop and of more, given the same requests in turn: A B, B A, A B, ...
    ///
    /// The load is a thread of this process, and has no core of its own: it takes its share of those that the loops run on.
    /// So the gain has a bound, which is printed beside it: with S and L the time on a core that a request costs server and load,
    /// one loop answers at most 1 / max(S, L) a second, and N cores together at most N / (S + L).
    #[derive(Parser)]
    struct Options {
        /// How many loops; the first is what the others are compared with.
        #[arg(long, value_delimiter = ',', default_value = "1,2")]
        loops: Vec<usize>,
        /// What the server's program does for a request besides the echo, in steps of a generator of random numbers.
        #[arg(long, value_delimiter = ',', default_value = "0,10000,50000")]
        steps: Vec<u64>,
        /// CONNECTIONSxBYTES
        #[arg(long, default_value = "64x64")]
        work: Work,
        /// How many rounds; each connects anew, so that the system spreads the connections anew.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
        rounds: u32,
        /// How long a piece takes about, in milliseconds.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        piece: u64,
    }

    /// No piece takes longer.
    const WITHIN: Duration = Duration::from_secs(60);

    struct Measured {
        loops: usize,
        server: Server,
        rate: Sample,
        /// On a core, in microseconds a request: server and load.
        served: Sample,
        loaded: Sample,
    }

    impl Measured {
        /// So many requests over new connections; how long they took.
        fn piece(&mut self, work: Work, requests: u64) -> io::Result<Duration> {
            let mut load = Load::connect(self.server.address(), work)?;
            // Once around: then all are accepted.
            load.run(work.connections as u64, WITHIN)?;
            let own = || machine::cpu_time(std::process::id());
            let before = (self.server.cpu_time()?, own()?);
            let piece = load.run(requests, WITHIN)?;
            let each = |time: Duration| time.as_secs_f64() * 1e6 / requests as f64;
            self.served.push(each(self.server.cpu_time()? - before.0));
            self.loaded.push(each(own()? - before.1));
            self.rate.push(piece.per_second());
            Ok(piece.wall)
        }
    }

    pub(super) fn run() -> io::Result<()> {
        let options = Options::parse();
        machine::more_descriptors()?;
        let cores = machine::cores()?;
        println!(
            "{}, {cores} cores, {} rounds; the load shares the cores with the loops",
            options.work, options.rounds
        );
        let mut rows = Vec::new();
        for &steps in &options.steps {
            rows.extend(compared(&options, steps, cores)?);
        }
        let heads = [
            "steps",
            "loops",
            "req/s",
            "spread %",
            "gain",
            "10-90 %",
            "at most",
            "server us/req",
            "ratio",
            "load us/req",
        ];
        print_table(&heads, &rows);
        Ok(())
    }

    fn compared(options: &Options, steps: u64, cores: usize) -> io::Result<Vec<Vec<String>>> {
        let mut all = Vec::new();
        for &loops in &options.loops {
            let arguments =
                [("--loops", loops.to_string()), ("--cores", cores.to_string()), ("--steps", steps.to_string())];
            let arguments: Vec<&str> = arguments.iter().flat_map(|(name, value)| [*name, &**value]).collect();
            let server = Peer::beside("cores", "echo_cores", &arguments)?.start(0)?;
            let [rate, served, loaded] = Default::default();
            all.push(Measured { loops, server, rate, served, loaded });
        }
        let mut requests = options.work.connections as u64;
        while all[0].piece(options.work, requests)? < Duration::from_millis(options.piece) {
            requests *= 2;
        }
        for measured in &mut all {
            (measured.rate, measured.served, measured.loaded) = Default::default();
        }
        for round in 0..options.rounds {
            let count = all.len();
            for at in 0..count {
                let at = if round % 2 == 0 { at } else { count - 1 - at };
                all[at].piece(options.work, requests)?;
            }
        }
        Ok(all.iter().map(|measured| row(measured, &all[0], steps, cores)).collect())
    }

    fn row(measured: &Measured, first: &Measured, steps: u64, cores: usize) -> Vec<String> {
        let gain = measured.rate.over(&first.rate);
        let (served, loaded) = (first.served.median(), first.loaded.median());
        let most = cores.min(measured.loops) as f64 * served.max(loaded) / (served + loaded);
        let most = if measured.loops == first.loops { 1.0 } else { most.max(1.0) };
        vec![
            steps.to_string(),
            measured.loops.to_string(),
            format!("{:.0}", measured.rate.median()),
            format!("{:.0}", measured.rate.spread()),
            format!("{:.2}", gain.median()),
            format!("{:.2}-{:.2}", gain.p10(), gain.quantile(0.9)),
            format!("{most:.2}"),
            format!("{:.2}", measured.served.median()),
            format!("{:.2}", measured.served.over(&first.served).median()),
            format!("{:.2}", measured.loaded.median()),
        ]
    }
}
