//! What the user's calls change, and what they must give back.

use super::Rules;
use super::servers::Served;
use super::socket::Sock;
use netfold::core::{Command, Core, EventKind, Outcome, SocketId, Target};

impl Rules {
    pub(super) fn command(&mut self, command: &Command, core: &Core) {
        self.emitters.command(command);
        let now = self.now;
        match command {
            Command::CloseServer(id, listener) => {
                self.served(*id).closes();
                if let Some(listener) = listener {
                    self.emitters.add((*id).into(), EventKind::ServerClose, *listener, true, false);
                }
            }
            Command::GetConnections(id, callback) => self.served(*id).asks(*callback),
            Command::SetMaxConnections(id, n) => self.served(*id).most = *n,
            Command::RefServer(id, on) => {
                self.served(*id).refd = *on;
                if let Some(h) = self.served(*id).handle {
                    self.change(h, |handle| handle.refd = *on);
                }
            }
            Command::Ref(id, on) => {
                if let Some(h) = self.sockets.get(id).and_then(|sock| sock.handle) {
                    self.change(h, |handle| handle.refd = *on);
                } else if let Some(sock) = self.sockets.get_mut(id) {
                    sock.odd_ref = true;
                }
            }
            Command::StartTimer { .. } | Command::NewSocket(_) | Command::NewServer(_) => {}
            Command::CancelTimer(timer) => self.alive.cancelled(*timer),
            Command::RefTimer(timer, on) => self.alive.refs(*timer, *on),
            _ => {}
        }
        let view = |id| core.socket(id);
        if let Some((id, sock)) = socket_of(command).and_then(|id| Some((id, self.sockets.get_mut(&id)?))) {
            sock.command(command, now, view(id).as_ref());
        }
    }

    pub(super) fn returned(&mut self, outcome: &Outcome) {
        let Some(open) = self.opens.pop() else { return };
        let depth = self.opens.len() + 1;
        if *outcome != Outcome::ListenerThrew
            && let Some(what) = self.emitters.unfinished(depth)
            && !self.threw
        {
            self.breaks("T6 listeners", what);
        }
        match (&open.command, outcome) {
            (Command::NewSocket(options), Outcome::Socket(id)) => {
                let mark = |own: Option<u32>| {
                    options.high_water_mark.or(own).unwrap_or(netfold::core::DEFAULT_HIGH_WATER_MARK)
                };
                let (writable, readable) =
                    (mark(options.writable_high_water_mark), mark(options.readable_high_water_mark));
                let mut sock = Sock::new(options.allow_half_open, writable, readable);
                sock.odd = !options.readable || !options.writable;
                self.sockets.insert(*id, sock);
            }
            (Command::NewServer(_), Outcome::Server(id)) => drop(self.servers.insert(*id, Served::default())),
            (Command::StartTimer { repeat, .. }, Outcome::Timer(id)) => self.alive.started(*id, *repeat),
            (command, outcome) => {
                if let Some((id, sock)) = socket_of(command).and_then(|id| Some((id, self.sockets.get_mut(&id)?)))
                    && !sock.odd
                    && *outcome != Outcome::ListenerThrew
                {
                    let hears = self.emitters.any(id.into(), EventKind::Data);
                    let wrong = sock.returned(&open, outcome, hears);
                    self.breaks_if(wrong.map(|(rule, what)| (rule, format!("socket {id}: {what}"))));
                }
            }
        }
        self.user_ran |= self.opens.is_empty();
    }
}

fn socket_of(command: &Command) -> Option<SocketId> {
    match command.target()? {
        Target::Socket(id) => Some(id),
        Target::Server(_) => None,
    }
}
