//! What the simulated world costs.

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("{}", netfold_bench::LINUX_ONLY);
}

#[cfg(target_os = "linux")]
mod linux {
    use clap::{Parser, Subcommand, ValueEnum};
    use netfold_bench::sim::{self, Done, Load};
    use netfold_bench::stats::{Sample, print_table};
    use netfold_sim::Chooser;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// What the simulated world costs, in CPU time of one core.
    #[derive(Parser)]
    struct Options {
        #[command(subcommand)]
        work: Work,
    }

    #[derive(Subcommand)]
    enum Work {
        /// Clients that send 64 bytes and have them back.
        Echo {
            /// How many clients.
            #[arg(long, default_value_t = 100)]
            clients: u32,
            /// How often each.
            #[arg(long, default_value_t = 100)]
            trips: u32,
            /// How often all of it, each time in a new world.
            #[arg(long, default_value_t = 20)]
            times: u32,
            /// How the programs stand.
            #[arg(long, default_value = "two")]
            hosts: Hosts,
            /// What is looked at.
            #[arg(long, default_value = "observed")]
            looks: Looks,
            /// Let a seed decide what is slow, partial and late; without it all is calm.
            #[arg(long)]
            seed: Option<u64>,
        },
        /// Connections that each send 64 bytes, have them back and end, 100 at a time.
        Churn {
            /// How many connections.
            #[arg(long, default_value_t = 10_000)]
            connections: u32,
            /// How the programs stand.
            #[arg(long, default_value = "two")]
            hosts: Hosts,
            /// What is looked at.
            #[arg(long, default_value = "observed")]
            looks: Looks,
        },
        /// Connections that are all there at once, half of the sockets in each of two programs: memory and cost of a trip.
        Many {
            /// How many sockets.
            #[arg(long, default_value_t = 1_000_000)]
            sockets: u32,
            /// How many trips in all, at least one each. The first of a connection costs more: its memory is new.
            #[arg(long, default_value_t = 3_000_000)]
            trips: u32,
            /// What is looked at.
            #[arg(long, default_value = "bytes")]
            looks: Looks,
            /// In which order they take part.
            #[arg(long, default_value = "made")]
            order: Order,
        },
        /// `echo` and `churn` beside the same on other simulators, in turn: medians of what each does in a second.
        Beside {
            /// Where `turmoil` and `madsim` are, as `tests/bench/peers/simulators` builds them.
            #[arg(long)]
            peers: PathBuf,
            /// How often each is run.
            #[arg(long, default_value_t = 7)]
            rounds: u32,
        },
        /// Connections that do nearly nothing for a day.
        Idle {
            /// How many connections.
            #[arg(long, default_value_t = 10_000)]
            connections: u32,
            /// For how many hours.
            #[arg(long, default_value_t = 24)]
            hours: u32,
        },
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Looks {
        /// At the bytes that come back.
        Bytes,
        /// At the invariants too.
        Observed,
        /// And recorded, with a hash of each output.
        Hashed,
    }

    impl From<Looks> for sim::Looks {
        fn from(looks: Looks) -> Self {
            match looks {
                Looks::Bytes => Self::Bytes,
                Looks::Observed => Self::Observed,
                Looks::Hashed => Self::Hashed,
            }
        }
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Order {
        /// In that in which they connected.
        Made,
        /// In one that a fixed seed makes: nothing of the next is near what was looked at last.
        Mixed,
    }

    impl From<Order> for sim::Order {
        fn from(order: Order) -> Self {
            match order {
                Order::Made => Self::Made,
                Order::Mixed => Self::Mixed,
            }
        }
    }

    #[derive(Clone, Copy, ValueEnum)]
    enum Hosts {
        One,
        Two,
        Each,
    }

    impl From<Hosts> for sim::Hosts {
        fn from(hosts: Hosts) -> Self {
            match hosts {
                Hosts::One => Self::One,
                Hosts::Two => Self::Two,
                Hosts::Each => Self::Each,
            }
        }
    }

    pub(crate) fn main() {
        match Options::parse().work {
            Work::Echo { clients, trips, times, hosts, looks, seed } => {
                let chooser = || seed.map_or_else(Chooser::calm, Chooser::seed);
                let runs =
                    (0..times).map(|_| sim::run(hosts.into(), looks.into(), Load::echo(clients, trips), chooser()));
                tell("round trips", runs);
            }
            Work::Churn { connections, hosts, looks } => {
                let clients = connections.min(100);
                let load = Load { lives: connections / clients, ..Load::echo(clients, 1) };
                tell("connections", [sim::run(hosts.into(), looks.into(), load, Chooser::calm())]);
            }
            Work::Many { sockets, trips, looks, order } => {
                let clients = sockets / 2;
                let load = Load { together: Some(order.into()), ..Load::echo(clients, (trips / clients).max(1)) };
                tell("round trips", [sim::run(sim::Hosts::Two, looks.into(), load, Chooser::calm())]);
                let most = peak().expect("VmHWM");
                println!("{most} bytes at most, {} a socket", most / u64::from(sockets));
            }
            Work::Beside { peers, rounds } => beside(&peers, rounds),
            Work::Idle { connections, hours } => tell("bytes sent and had back", [sim::idle(connections, hours)]),
        }
    }

    /// How the programs stand, for each work.
    const WORKS: [[&str; 2]; 4] = [["echo", "two"], ["echo", "each"], ["churn", "two"], ["churn", "each"]];

    fn beside(peers: &Path, rounds: u32) {
        let own = std::env::current_exe().expect("this program");
        let mut rows = Vec::new();
        for [work, hosts] in WORKS {
            let looks = |looks: &'static str| {
                (format!("netfold, {looks}"), own.clone(), vec![work, "--hosts", hosts, "--looks", looks])
            };
            let peer = |name: &str| (name.to_string(), peers.join(name), vec![work, hosts]);
            let programs = [looks("bytes"), looks("observed"), looks("hashed"), peer("turmoil"), peer("madsim")];
            let mut samples = vec![Sample::default(); programs.len()];
            for _ in 0..rounds {
                for ((_, program, arguments), sample) in programs.iter().zip(&mut samples) {
                    sample.push(rate(program, arguments));
                }
            }
            for ((name, ..), sample) in programs.iter().zip(&samples) {
                let [median, spread] = [sample.median(), sample.spread()].map(|n| format!("{n:.0}"));
                rows.push(vec![format!("{work}, {hosts}"), name.clone(), median, spread]);
            }
        }
        print_table(&["work", "simulator", "a second", "spread %"], &rows);
    }

    /// How much a program says that it does in a second of CPU time.
    fn rate(program: &Path, arguments: &[&str]) -> f64 {
        let ran = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program:?}: {error}"));
        let text = String::from_utf8_lossy(&ran.stdout);
        let rate = text.trim().strip_suffix(" a second").and_then(|text| text.rsplit(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("{program:?}: {text}"))
    }

    /// Prints what was done and the CPU time: a line that `rate` reads.
    fn tell(what: &str, runs: impl IntoIterator<Item = Done>) {
        let (mut trips, mut cpu) = (0, 0.0);
        for run in runs {
            assert_eq!(run.problems, [""; 0]);
            trips += run.trips;
            cpu += run.cpu.as_secs_f64();
        }
        println!("{trips} {what} in {cpu:.6} s: {:.0} a second", trips as f64 / cpu);
    }

    /// The most memory that this process had in RAM, in bytes.
    fn peak() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }
}
