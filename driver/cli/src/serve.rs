//! What commands that serve have in common: where they listen, the trace beside it, and the graceful stop.

use crate::Ended;
use crate::file::{create, named};
use crate::output::{Said, no_loop, warn};
use crate::payload::Keep;
use crate::place::Place;
use crate::signals::on_signals;
use netfold::{Listen, Net, NetError, Server, Socket, System};
use serde_json::json;
use signal_hook::iterator::Handle;
use std::collections::BTreeSet;
use std::path::Path;

/// What is said of the signals in the help of such a command.
pub const STOP: &str = "SIGINT (Ctrl-C) and SIGTERM stop it: it takes no new connections, and ends each open one once \
nothing has come or gone on it for 0.2 seconds. A second signal stops it at once.";

/// How long a connection must be silent to be ended after a signal, in milliseconds.
const QUIET_MS: f64 = 200.0;

#[derive(Default)]
pub struct State {
    /// Connections to be ended when it stops.
    pub open: BTreeSet<Socket>,
    signals: Option<Handle>,
    stopping: bool,
    /// The loop is to be left, whatever is open.
    over: bool,
    failed: Option<String>,
}

pub type Loop = Net<State, System>;

/// Serves until it is stopped. `record` is a file and what to keep of the bytes.
pub fn serve(
    place: &Place,
    said: Said,
    record: Option<(&Path, Keep)>,
    make: impl FnOnce(&mut Loop) -> Server,
) -> Ended {
    let mut net = match record {
        None => Net::new(State::default()).map_err(no_loop)?,
        Some((path, keep)) => {
            let policy = keep.policy()?;
            Net::recorded(State::default(), create(path)?.payload(policy, policy)).map_err(no_loop)?
        }
    };
    let server = make(&mut net);
    listen(&mut net, server, place, said)?;
    let trace = record.map_or(Path::new(""), |(path, _)| path); // named only if there is one
    let ran = run_on(&mut net, trace).and_then(|()| net.finish_recording());
    ran.map_err(|error| named(&error, trace))?;
    match net.state.failed.take() {
        Some(failed) => Err(failed.into()),
        None => Ok(()),
    }
}

/// Keeps a connection in mind until it is closed.
pub fn keep(net: &mut Loop, socket: Socket) {
    net.state.open.insert(socket);
    socket.on_close(net, |net, socket, _| {
        net.state.open.remove(&socket);
    });
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

fn listen(net: &mut Loop, server: Server, place: &Place, said: Said) -> Ended {
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
    server.try_listen_then(net, Listen::from(place), move |net, server| {
        let address = shown(&server.address(net));
        if let Err(error) = said.say(format_args!("listening on {address}"), || json!({ "listening": address })) {
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
