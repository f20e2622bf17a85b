//! What is seen of the machine from outside: its states, and the facts that conditions name.

use super::actions::{Cmd, Machine};
use super::{States, World};
use netfold_core::EventKind;
use std::collections::BTreeSet;

impl World {
    pub(super) fn states(&self) -> States {
        let mut out = States::new();
        if let Some(socket) = self.socket {
            out.insert(Machine::Socket, self.core.socket_state(socket).expect("it is retained").name());
            out.insert(Machine::Readable, self.core.readable_state(socket).expect("it is retained").name());
            out.insert(Machine::Writable, self.core.writable_state(socket).expect("it is retained").name());
        }
        if let Some(server) = self.server {
            out.insert(Machine::Server, self.core.server_state(server).expect("it is kept").name());
        }
        out
    }

    pub(super) fn facts(&self) -> BTreeSet<&'static str> {
        let mut out = BTreeSet::new();
        let mut add = |fact, holds: bool| {
            if holds {
                out.insert(fact);
            }
        };
        if let Some(socket) = self.socket {
            let view = self.core.socket(socket).expect("it is retained");
            let inner = self.core.inner(socket).expect("it is retained");
            let count = |kind| self.core.listener_count(socket.into(), kind) > 0;
            add("a handle", self.own_handle().is_some());
            add("a path", self.own_handle().is_some() && self.last_connect == Some(Cmd::ConnectPath));
            add("all addresses wanted", self.last_connect == Some(Cmd::ConnectNames));
            add("an address is left", inner.address_left);
            add("a reset waits", self.reset_waits);
            add("destroySoon waits", self.soon_waits);
            add("connecting", view.connecting());
            add("half-open", view.allow_half_open());
            add("unread", view.readable_length() > 0);
            add("flowing", view.readable_flowing() == Some(true));
            add("held", view.readable_flowing() == Some(false));
            add("told to pause", inner.told_to_pause);
            add("'resume' owed", self.core.owes(socket, "resume") > 0);
            add("read by hand", inner.read_by_hand);
            add("a 'data' listener", count(EventKind::Data));
            add("a 'readable' listener", count(EventKind::Readable));
            add("FIN came in", inner.fin_came_in);
            add("'end' emitted", view.readable_ended());
            add("'finish' emitted", view.writable_finished());
            add("ended", view.writable_ended());
            add("corked", view.writable_corked() > 0);
            add("corked twice", view.writable_corked() > 1);
            add("a request under way", inner.write_under_way);
            add("more waits", inner.more_waits);
            add("it reaches the mark", view.writable_length() + 1 >= u64::from(view.writable_high_water_mark()));
            add("a 'drain' is owed", view.write_refused());
            add("errored", view.errored().is_some());
            add("destroyed", view.destroyed());
            add("closing", inner.closing);
        }
        if let Some(server) = self.server {
            let view = self.core.server(server).expect("it is kept");
            add("a handle", view.listening);
            add("'listening' owed", self.core.owes(server, "listening") > 0);
            add("'listening' owed twice", self.core.owes(server, "listening") > 1);
            add("'close' owed", self.core.owes(server, "close") > 0);
            add("'close' owed twice", self.core.owes(server, "close") > 1);
            add("connections", view.connections > 0);
            add("the last one", view.connections == 1);
            let most = view.max_connections;
            add("full", most != 0 && i64::from(view.connections) >= most);
        }
        out
    }
}
