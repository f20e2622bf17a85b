//! `netfold echo`

use crate::Ended;
use crate::payload::Keep;
use crate::place::Place;
use clap::Args;
use netfold::{Listen, Net, NetError, Poster, Recording, Server, Socket, System};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

#[derive(Args)]
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
}

#[derive(Default)]
struct State {
    open: BTreeSet<Socket>,
    failed: Option<String>,
    stopping: bool,
}

type Loop = Net<State, System>;

impl Echo {
    pub fn run(self) -> Ended {
        let mut net = match &self.record {
            None => Net::new(State::default())?,
            Some(path) => {
                let named = |error: io::Error| format!("{}: {error}", path.display());
                let policy = self.payload.policy()?;
                let recording = Recording::create(path).map_err(named)?.payload(policy, policy);
                Net::recorded(State::default(), recording)?
            }
        };
        serve(&mut net, &self.listen)?;
        run_on(&mut net)?;
        net.finish_recording()?;
        match net.state.failed.take() {
            Some(failed) => Err(failed.into()),
            None => Ok(()),
        }
    }
}

/// A trace that cannot be written any more is no reason to drop anybody's connection.
fn run_on(net: &mut Loop) -> Result<(), NetError> {
    while let Err(error) = net.run() {
        match error {
            NetError::Trace(_) => eprintln!("netfold: {error}; serving on, unrecorded"),
            error => return Err(error),
        }
    }
    Ok(())
}

fn serve(net: &mut Loop, place: &Place) -> Ended {
    let server = net.create_server(|net, socket| {
        net.state.open.insert(socket);
        socket.on_data(net, |net, socket, chunk| {
            if !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
        // The other party is gone; 'close' follows.
        socket.on_error(net, |_, _, _| {});
        socket.on_close(net, |net, socket, _| {
            net.state.open.remove(&socket);
        });
    });
    server.on_error(net, |net, _, error| {
        net.state.failed = Some(error.to_string());
        net.stop();
    });
    server.on_close(net, |net, _| net.stop());
    server.try_listen_then(net, Listen::from(place), |net, server| {
        println!("listening on {}", shown(&server.address(net)));
    })?;
    on_signals(net.poster(), move |net| stop(net, server))?;
    Ok(())
}

fn shown(address: &netfold::Address) -> String {
    match address {
        netfold::Address::Tcp(address) => address.to_string(),
        netfold::Address::Path(path) => path.clone(),
        netfold::Address::None => String::from("nothing"),
    }
}

/// First no new connections, and what is under way is finished; the second time at once.
fn stop(net: &mut Loop, server: Server) {
    if std::mem::replace(&mut net.state.stopping, true) {
        return net.stop();
    }
    server.close(net);
    for socket in net.state.open.clone() {
        socket.end(net);
    }
}

/// Runs `act` on the loop at each SIGINT and SIGTERM.
fn on_signals(poster: Poster<State, System>, act: impl Fn(&mut Loop) + Clone + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for _signal in signals.forever() {
            poster.post(act.clone());
        }
    });
    Ok(())
}
