//! After a program: everything it knows of is closed, and must close.

use super::run::{State, Who};
use netfold::{Host, Net, Server, Socket};

/// Times around the loop in which everything closes.
const MOST_ROUNDS: u32 = 50;

/// Destroys every socket and closes every server; what does not close, if anything.
pub(super) fn close_all<H: Host>(net: &mut Net<State, H>) -> Option<String> {
    let program = net.state.program.clone();
    let mut sockets: Vec<(String, Socket)> =
        net.state.strays.iter().map(|socket| ("an unnamed socket".into(), *socket)).collect();
    let mut servers: Vec<(String, Server)> = Vec::new();
    for (actor, cast) in program.actors.iter().zip(&net.state.cast) {
        match cast.who {
            Some(Who::Socket(socket)) => sockets.push((actor.name.clone(), socket)),
            Some(Who::Server(server)) => servers.push((actor.name.clone(), server)),
            None => {}
        }
    }
    for (_, socket) in &sockets {
        socket.remove_all_listeners(net, None);
        socket.on_error(net, |_, _, _| {});
        socket.destroy(net);
    }
    for (_, server) in &servers {
        server.remove_all_listeners(net, None);
        server.on_error(net, |_, _, _| {});
        server.close(net);
    }
    let mut open = Vec::new();
    for _ in 0..MOST_ROUNDS {
        // What still fails was the program's, and that is over.
        let _ = net.dispatch();
        open = open_of(net, &sockets, &servers);
        if open.is_empty() {
            return None;
        }
    }
    Some(format!("not closed: {}", open.join(", ")))
}

fn open_of<H: Host>(net: &Net<State, H>, sockets: &[(String, Socket)], servers: &[(String, Server)]) -> Vec<String> {
    let ours = |id| sockets.iter().any(|(_, socket)| socket.id() == id);
    // What a server accepted that had lost the listener for it.
    let foreign = net.core().sockets().filter(|id| !ours(*id) && net.core().handle_of(*id).is_some()).count();
    let census = net.core().census();
    let owed = [
        ("handles", census.handles - foreign.min(census.handles)),
        ("lookups", census.lookups),
        ("ticks", census.ticks),
    ];
    let owed = owed.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}"));
    let sockets = sockets.iter().filter(|(_, socket)| net.core().handle_of(socket.id()).is_some());
    let servers = servers.iter().filter(|(_, server)| server.listening(net));
    sockets.map(|(name, _)| name).chain(servers.map(|(name, _)| name)).cloned().chain(owed).collect()
}
