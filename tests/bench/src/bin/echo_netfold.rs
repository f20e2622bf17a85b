//! The echo server on netfold's face: 'data' writes what it gets.

use clap::Parser;
use netfold::core::trace::{Key, Payload};
use netfold::sys::{SystemOptions, Waiting};
use netfold::{Limits, Listen, Net, NetError, Recording, ServerOptions, SocketOptions, System};
use netfold_bench::counting::{self, Counting};
use std::io::Write;
use std::path::PathBuf;

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
    #[arg(long, value_parser = ["direct", "once", "level", "oneshot"], default_value = "direct")]
    waiting: String,
    /// Record the run into this file.
    #[arg(long)]
    record: Option<PathBuf>,
    /// What the recording keeps of the bytes.
    #[arg(long, value_parser = ["length", "hash", "full"], default_value = "length")]
    payload: String,
}

/// For measuring; a real one would be nobody's to know.
const KEY: Key = Key::new([7; 16]);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let waiting = match options.waiting.as_str() {
        "once" => Waiting::Once,
        "level" => Waiting::Level,
        "oneshot" => Waiting::Oneshot,
        _ => Waiting::Direct,
    };
    let system = System::with_options(SystemOptions { waiting, ..SystemOptions::default() })?;
    let mut net = match &options.record {
        None => Net::with_host(0u64, system, Limits::DEFAULT),
        Some(file) => {
            let payload = match options.payload.as_str() {
                "hash" => Payload::Hash(KEY),
                "full" => Payload::Full,
                _ => Payload::Length,
            };
            let recording = Recording::create(file)?.payload(payload, payload);
            Net::with_host_recorded(0u64, system, Limits::DEFAULT, recording)
        }
    };
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
