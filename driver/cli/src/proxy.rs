//! `netfold proxy`

use crate::Ended;
use crate::output::{Said, warn};
use crate::payload::Keep;
use crate::place::Place;
use crate::serve::{Loop, STOP, keep, serve};
use clap::Args;
use netfold::{Connect, NodeError, Server, ServerOptions, Socket, SocketOptions};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = STOP)]
pub struct Proxy {
    /// Where to listen: PORT (of the loopback address), HOST:PORT, or the path of a Unix socket
    #[arg(long, value_name = "PORT|HOST:PORT|PATH")]
    listen: Place,
    /// The service: PORT, HOST:PORT or PATH
    #[arg(long, value_name = "PORT|HOST:PORT|PATH")]
    to: Place,
    /// Record everything into this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What to keep of the bytes: length, hash, first:N or full
    #[arg(long, default_value = "length", requires = "record")]
    payload: Keep,
    #[command(flatten)]
    said: Said,
}

impl Proxy {
    pub fn run(self) -> Ended {
        let to = self.to.clone();
        let record = self.record.as_deref().map(|path| (path, self.payload));
        serve(&self.listen, self.said, record, |net| server(net, to))
    }
}

/// Each side's FIN is handed on by itself, so both keep their half open; small writes are not held back.
fn server(net: &mut Loop, to: Place) -> Server {
    let socket = SocketOptions { allow_half_open: true, no_delay: true, ..SocketOptions::default() };
    let options = ServerOptions { socket, ..ServerOptions::default() };
    net.create_server_with(options, move |net, client| {
        let service = match net.connect(Connect::from(&to).allow_half_open(true).no_delay(true)) {
            Ok(service) => service,
            Err(error) => {
                warn(format_args!("{to}: {error}"));
                return client.destroy(net);
            }
        };
        let to = to.clone();
        service.on_error(net, move |net, _, error| {
            if matches!(error.syscall(), Some("connect" | "getaddrinfo")) {
                warn(format_args!("{to}: {error}"));
            }
            cut(net, client, &error);
        });
        client.on_error(net, move |net, _, error| cut(net, service, &error));
        for (one, other) in [(client, service), (service, client)] {
            keep(net, one);
            one.on_close(net, move |net, one, _| {
                // Closed before its end came over: the other side is not to wait for more.
                if one.view(net).is_some_and(|one| !one.readable_ended()) {
                    other.destroy(net);
                }
            });
            one.pipe(net, other);
        }
    })
}

/// One side has failed: the other learns of it in the same way, if it can.
fn cut(net: &mut Loop, other: Socket, error: &NodeError) {
    let reset = matches!(error.code(), "ECONNRESET" | "EPIPE" | "ECONNREFUSED" | "ETIMEDOUT");
    if !reset || other.reset_and_destroy(net).is_err() {
        other.destroy(net);
    }
}
