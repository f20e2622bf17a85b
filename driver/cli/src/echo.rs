//! `netfold echo`

use crate::Ended;
use crate::output::Said;
use crate::payload::Keep;
use crate::place::Place;
use crate::serve::{Loop, STOP, keep, serve};
use clap::Args;
use netfold::Server;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = STOP)]
pub struct Echo {
    /// Where to listen: PORT (of the loopback address), HOST:PORT, or the path of a Unix socket
    #[arg(long, value_name = "PORT|HOST:PORT|PATH")]
    listen: Place,
    /// Record everything into this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What to keep of the bytes: length, hash, first:N or full
    #[arg(long, default_value = "length", requires = "record")]
    payload: Keep,
    #[command(flatten)]
    said: Said,
}

impl Echo {
    pub fn run(self) -> Ended {
        serve(&self.listen, self.said, self.record.as_deref().map(|path| (path, self.payload)), server)
    }
}

fn server(net: &mut Loop) -> Server {
    net.create_server(|net, socket| {
        keep(net, socket);
        socket.on_data(net, |net, socket, chunk| {
            let ended = socket.view(net).is_some_and(|socket| socket.writable_ended());
            if !ended && !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
        // The other party is gone; 'close' follows.
        socket.on_error(net, |_, _, _| {});
    })
}
