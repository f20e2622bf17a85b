//! `netfold echo`

use crate::Ended;
use crate::file::{create, named};
use crate::output::{no_loop, say, warn};
use crate::payload::Keep;
use crate::place::Place;
use crate::signals::on_signals;
use clap::Args;
use netfold::{Listen, Net, NetError, Server, Socket, System};
use signal_hook::iterator::Handle;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
}

const STOP: &str = "SIGINT (Ctrl-C) and SIGTERM stop it: it takes no new connections, and ends each open one once \
nothing has come or gone on it for 0.2 seconds. A second signal stops it at once.";

/// How long a connection must be silent to be ended after a signal, in milliseconds.
const QUIET_MS: f64 = 200.0;

#[derive(Default)]
struct State {
    open: BTreeSet<Socket>,
    signals: Option<Handle>,
    stopping: bool,
    /// The loop is to be left, whatever is open.
    over: bool,
    failed: Option<String>,
}

type Loop = Net<State, System>;

impl Echo {
    pub fn run(self) -> Ended {
        let mut net = match &self.record {
            None => Net::new(State::default()).map_err(no_loop)?,
            Some(path) => {
                let policy = self.payload.policy()?;
                Net::recorded(State::default(), create(path)?.payload(policy, policy)).map_err(no_loop)?
            }
        };
        serve(&mut net, &self.listen)?;
        let trace = self.record.as_deref().unwrap_or(Path::new("")); // named only if there is one
        let ran = run_on(&mut net, trace).and_then(|()| net.finish_recording());
        ran.map_err(|error| named(&error, trace))?;
        match net.state.failed.take() {
            Some(failed) => Err(failed.into()),
            None => Ok(()),
        }
    }
}

/// A trace that cannot be written any more is no reason to drop anybody's connection.
fn run_on(net: &mut Loop, trace: &Path) -> Result<(), NetError> {
    while let Err(error) = net.run() {
        let NetError::Trace(_) = error else { return Err(error) };
        if net.state.over {
            return Err(error);
        }
        let error = named(&error, trace);
        warn(format_args!("{error}; serving on, unrecorded"));
        net.state.failed = Some(error);
    }
    Ok(())
}

fn leave(net: &mut Loop) {
    net.state.over = true;
    net.stop();
}

fn serve(net: &mut Loop, place: &Place) -> Ended {
    let server = net.create_server(|net, socket| {
        net.state.open.insert(socket);
        socket.on_data(net, |net, socket, chunk| {
            let ended = socket.view(net).is_some_and(|socket| socket.writable_ended());
            if !ended && !socket.write(net, chunk) {
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
    let wanted = place.clone();
    server.on_error(net, move |net, _, error| {
        net.state.failed = Some(format!("{error}{}", wanted.advice(error.code())));
        leave(net);
    });
    // The last connection is gone too; without the signals nothing keeps the loop.
    server.on_close(net, |net, _| {
        if let Some(signals) = net.state.signals.take() {
            signals.close();
        }
    });
    server.try_listen_then(net, Listen::from(place), |net, server| {
        if let Err(error) = say(format_args!("listening on {}", shown(&server.address(net)))) {
            net.state.failed = Some(error);
            leave(net);
        }
    })?;
    net.state.signals = Some(on_signals(net.poster(), move |net| stop(net, server)).map_err(no_loop)?);
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
        return leave(net);
    }
    server.close(net);
    for socket in net.state.open.clone() {
        socket.on_timeout(net, |net, socket| {
            // Who is slow to read gets everything first; the timeout comes again after the next sign of life.
            if socket.view(net).is_some_and(|socket| socket.writable_length() == 0) {
                socket.end(net);
            }
        });
        socket.set_timeout(net, QUIET_MS).expect("the time is in range");
    }
}
