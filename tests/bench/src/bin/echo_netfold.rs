//! The echo server on netfold's face: 'data' writes what it gets.

use clap::Parser;
use netfold::sys::{SystemOptions, Waiting};
use netfold::{Limits, Listen, Net, NetError, ServerOptions, SocketOptions, System};
use netfold_bench::counting::{self, Counting};
use std::io::Write;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An echo server for measuring. It prints `port N`, and ends with its standard input.
#[derive(Parser)]
struct Options {
    /// Give each write the same callback.
    #[arg(long)]
    callback: bool,
    /// Pause while the write buffer is full, until 'drain'.
    #[arg(long)]
    backpressure: bool,
    /// Give each connection an idle timeout.
    #[arg(long)]
    timeout: bool,
    /// How the loop waits.
    #[arg(long, value_parser = ["direct", "level", "oneshot"], default_value = "direct")]
    waiting: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let waiting = match options.waiting.as_str() {
        "level" => Waiting::Level,
        "oneshot" => Waiting::Oneshot,
        _ => Waiting::Direct,
    };
    let system = System::with_options(SystemOptions { waiting, ..SystemOptions::default() })?;
    let mut net = Net::with_host(0u64, system, Limits::DEFAULT);
    serve(&mut net, options)?;
    counting::answer_on_stdin();
    Ok(net.run()?)
}

/// The state counts the callbacks.
fn serve(net: &mut Net<u64>, options: Options) -> Result<(), NetError> {
    let callback = options.callback.then(|| net.callback(|net, _socket, _result| net.state += 1));
    let socket_options = SocketOptions { no_delay: true, ..SocketOptions::default() };
    let server_options = ServerOptions { socket: socket_options, ..ServerOptions::default() };
    let server = net.create_server_with(server_options, move |net, socket| {
        socket.on_error(net, |_, _, _| {});
        match (options.backpressure, callback) {
            (true, _) => {
                socket.on_data(net, move |net, socket, chunk| {
                    if !socket.write(net, chunk) {
                        socket.pause(net);
                    }
                });
                socket.on_drain(net, |net, socket| socket.resume(net));
            }
            (false, Some(callback)) => {
                socket.on_data(net, move |net, socket, chunk| {
                    socket.write_cb(net, chunk, callback);
                });
            }
            (false, None) => {
                socket.on_data(net, |net, socket, chunk| {
                    socket.write(net, chunk);
                });
            }
        }
        if options.timeout {
            socket.set_timeout(net, 60_000.0).expect("a minute is in range");
        }
    });
    server.listen_then(net, Listen::port(0).host("127.0.0.1").backlog(4096), |net, server| {
        println!("port {}", server.port(net).expect("it listens on TCP"));
        std::io::stdout().flush().expect("standard output is open");
    });
    Ok(())
}
