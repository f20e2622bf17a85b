//! The echo server of several loops: a thread and a loop for each core, all listening on one port.

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("{}", netfold_bench::LINUX_ONLY);
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::run()
}

#[cfg(target_os = "linux")]
mod linux {
    use clap::Parser;
    use netfold::{Listen, Net, ServerOptions, SocketOptions};
    use netfold_bench::{counting, machine};
    use std::error::Error;
    use std::io::Write;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;

    /// An echo server for measuring. It prints `port N`, and ends with its standard input.
    #[derive(Clone, Copy, Parser)]
    struct Options {
        /// How many loops, each on a core of its own as far as there are so many.
        #[arg(long, default_value_t = 1)]
        loops: usize,
        /// How many cores there are.
        #[arg(long, default_value_t = 1)]
        cores: usize,
        /// What the program itself does for a request: so many steps of a generator of random numbers.
        #[arg(long, default_value_t = 0)]
        steps: u64,
    }

    pub(super) fn run() -> Result<(), Box<dyn Error>> {
        let options = Options::parse();
        // The first one finds a free port, which the others share.
        let (listening, heard) = channel();
        let mut port = 0;
        let mut loops = Vec::new();
        for number in 0..options.loops {
            let listening = listening.clone();
            loops.push(thread::spawn(move || serve(options, number, port, listening)));
            port = heard.recv()?;
        }
        println!("port {port}");
        std::io::stdout().flush()?;
        counting::answer_on_stdin();
        for ran in loops {
            ran.join().map_err(|_| "a loop has panicked")??;
        }
        Ok(())
    }

    fn serve(options: Options, number: usize, port: u16, listening: Sender<u16>) -> Result<(), String> {
        machine::pin(number % options.cores).map_err(|error| error.to_string())?;
        let mut net = Net::new(number as u64 + 1).map_err(|error| error.to_string())?;
        let socket = SocketOptions { no_delay: true, ..SocketOptions::default() };
        let server =
            net.create_server_with(ServerOptions { socket, ..ServerOptions::default() }, move |net, socket| {
                socket.on_error(net, |_, _, _| {});
                socket.on_data(net, move |net, socket, chunk| {
                    net.state = worked(net.state, options.steps);
                    socket.write(net, chunk);
                });
            });
        let place = Listen::port(port).host("127.0.0.1").backlog(4096).reuse_port(true);
        server.listen_then(&mut net, place, move |net, server| {
            let _nobody_waits = listening.send(server.port(net).expect("it listens on TCP"));
        });
        net.run().map_err(|error| error.to_string())
    }

    fn worked(mut state: u64, steps: u64) -> u64 {
        for _ in 0..steps {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        state
    }
}
