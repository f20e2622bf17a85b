//! The load generator alone, against any echo server.

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
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    /// Sends requests to an echo server and checks every byte that comes back.
    #[derive(Parser)]
    struct Options {
        /// The server.
        to: SocketAddr,
        /// CONNECTIONSxBYTES; CONNECTIONSxBYTESxDEPTH for more than one request under way on each connection;
        /// churn:CONNECTIONSxBYTES for requests that each have a connection of their own.
        #[arg(long, default_value = "64x64")]
        work: Work,
        /// How many requests, in all.
        #[arg(long, default_value_t = 100_000)]
        requests: u64,
        /// The core to run on.
        #[arg(long, default_value_t = 1)]
        core: usize,
        /// Give up after so many seconds.
        #[arg(long, default_value_t = 60)]
        within: u64,
    }

    pub(super) fn run() -> io::Result<()> {
        let Options { to, work, requests, core, within } = Options::parse();
        machine::more_descriptors()?;
        machine::pin(core % machine::cores()?)?;
        let piece = Load::connect(to, work)?.run(requests, Duration::from_secs(within))?;
        let [half, most] = [0.5, 0.99].map(|part| piece.latency(part));
        println!("{work}: {requests} requests, {:.0}/s, p50 {half:.1} us, p99 {most:.1} us", piece.per_second());
        Ok(())
    }
}
