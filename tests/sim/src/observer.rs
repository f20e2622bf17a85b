//! What must hold in every run: an observer looks at a program's sockets and says what did not.

use crate::world::World;
use bytes::Bytes;
use netfold::{EventKind, Host, Net, NodeError, Socket};
use std::cell::RefCell;
use std::rc::Rc;

/// Watches sockets, write callbacks and streams of one program.
///
/// Held in every run, whatever the system does: 'connect' comes at most once, and so does 'ready', after it; so do 'end',
/// 'finish' and 'error'; after 'error' only 'close' comes, and after 'close' nothing; and once everything is over ([`over`]), each
/// socket has said 'close' exactly once, each write callback has run exactly once, and nothing is left in the world.
///
/// It watches with listeners of its own, none of them of 'data' or 'readable', so that it changes nothing but one thing:
/// there is a listener for 'error'. A socket that connects again after its 'close' is outside of what it knows.
///
/// A clone is another hold on the same observer.
///
/// [`over`]: Observer::over
#[derive(Clone, Debug, Default)]
pub struct Observer(Rc<RefCell<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    lives: Vec<Life>,
    /// How often each callback that was given has run.
    callbacks: Vec<u32>,
    problems: Vec<String>,
}

#[derive(Debug, Default)]
struct Life {
    name: String,
    counts: [u32; WATCHED.len()],
}

/// What is watched; all but [`EventKind::Drain`] come at most once.
const WATCHED: [EventKind; 7] = [
    EventKind::Connect,
    EventKind::Ready,
    EventKind::End,
    EventKind::Finish,
    EventKind::Error,
    EventKind::Close,
    EventKind::Drain,
];

/// Where the count of an event stands.
const fn place(kind: EventKind) -> Option<usize> {
    let mut at = 0;
    while at < WATCHED.len() {
        if WATCHED[at] as u8 == kind as u8 {
            return Some(at);
        }
        at += 1;
    }
    None
}

impl Life {
    /// Takes an event in; what is wrong with it.
    fn event(&mut self, kind: EventKind) -> Option<&'static str> {
        let count = |kind: EventKind| place(kind).map_or(0, |at| self.counts[at]);
        let wrong = match kind {
            _ if count(EventKind::Close) > 0 => Some("comes after 'close'"),
            EventKind::Close => None,
            _ if count(EventKind::Error) > 0 => Some("comes after 'error'"),
            EventKind::Ready if count(EventKind::Connect) == 0 => Some("comes before 'connect'"),
            EventKind::Drain if count(EventKind::Finish) > 0 => Some("comes after 'finish'"),
            EventKind::Drain => None,
            _ if count(kind) > 0 => Some("comes twice"),
            _ => None,
        };
        if let Some(at) = place(kind) {
            self.counts[at] += 1;
        }
        wrong
    }
}

impl Observer {
    /// An observer that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Watches a socket from now on, under a name for what is found: best at once when it is made, or in the listener of
    /// 'connection'.
    pub fn socket<S, H: Host>(&self, net: &mut Net<S, H>, socket: Socket, name: &str) {
        let at = self.0.borrow().lives.len();
        self.0.borrow_mut().lives.push(Life { name: name.into(), ..Life::default() });
        let observer = self.clone();
        socket.on_each(net, &WATCHED, move |_, _, event| observer.event(at, event.kind()));
    }

    fn event(&self, at: usize, kind: EventKind) {
        let mut seen = self.0.borrow_mut();
        if let Some(wrong) = seen.lives[at].event(kind) {
            let problem = format!("{}: '{}' {wrong}", seen.lives[at].name, kind.name());
            seen.problems.push(problem);
        }
    }

    /// A callback for [`Socket::write_then`], [`Socket::end_then`] and the like, which must run exactly once.
    pub fn callback<S, H: Host>(
        &self,
    ) -> impl FnOnce(&mut Net<S, H>, Socket, Result<(), &NodeError>) + use<S, H> + 'static {
        let at = self.0.borrow().callbacks.len();
        self.0.borrow_mut().callbacks.push(0);
        let observer = self.clone();
        move |_, _, _| observer.0.borrow_mut().callbacks[at] += 1
    }

    /// A stream of bytes that knows what it is to be, from one end of a connection to the other.
    pub fn stream(&self, name: &str) -> Stream {
        Stream { observer: self.clone(), name: name.into(), flow: Rc::default() }
    }

    /// What did not hold so far.
    pub fn problems(&self) -> Vec<String> {
        self.0.borrow().problems.clone()
    }

    /// What did not hold, once the program is over: nothing, if all is well.
    pub fn over(&self, world: &World) -> Vec<String> {
        let seen = self.0.borrow();
        let mut problems = seen.problems.clone();
        let closes = place(EventKind::Close).unwrap_or(0);
        for life in seen.lives.iter().filter(|life| life.counts[closes] != 1) {
            problems.push(format!("{}: 'close' came {} times", life.name, life.counts[closes]));
        }
        for (at, runs) in seen.callbacks.iter().enumerate().filter(|(_, runs)| **runs != 1) {
            problems.push(format!("callback {at} ran {runs} times"));
        }
        problems.extend(world.left().into_iter().map(|left| format!("left: {left}")));
        problems
    }
}

/// Bytes whose values follow from their places, so that one that is lost, doubled or moved is seen where it happens.
#[derive(Clone, Debug)]
pub struct Stream {
    observer: Observer,
    name: String,
    flow: Rc<RefCell<Flow>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    sent: u64,
    received: u64,
    cut: bool,
}

fn byte_at(place: u64) -> u8 {
    // In 32 bits, of which none further up counts, so that several are made at a time.
    let place = place as u32;
    (place ^ place >> 8 ^ place >> 16) as u8
}

impl Stream {
    /// The next `len` bytes to write.
    pub fn chunk(&self, len: usize) -> Bytes {
        let mut flow = self.flow.borrow_mut();
        let from = flow.sent;
        flow.sent += len as u64;
        (from..flow.sent).map(byte_at).collect()
    }

    /// The writer is being destroyed: what it has not handed to the system is lost, and 'end' may come early.
    pub fn cut(&self) {
        self.flow.borrow_mut().cut = true;
    }

    /// Takes in what was received.
    pub fn received(&self, chunk: &[u8]) {
        let mut flow = self.flow.borrow_mut();
        let Flow { sent, received, .. } = *flow;
        flow.received += chunk.len() as u64;
        drop(flow);
        // Without a way out in between: one that is wrong is looked for when it is known that there is one.
        let differs = chunk.iter().zip(received..).fold(0, |all, (byte, place)| all | (byte ^ byte_at(place)));
        if differs == 0 && received + chunk.len() as u64 <= sent {
            return;
        }
        let wrong = chunk.iter().zip(received..).find(|(byte, place)| **byte != byte_at(*place) || *place >= sent);
        if let Some((_, place)) = wrong {
            self.problem(format!("not what was sent, at byte {place} of {sent}"));
        }
    }

    /// Nothing more comes: 'end' was emitted, so all that was sent must be here, unless it was [cut](Stream::cut).
    pub fn ended(&self) {
        let Flow { sent, received, cut } = *self.flow.borrow();
        if sent != received && !cut {
            self.problem(format!("'end' after {received} of {sent} bytes"));
        }
    }

    fn problem(&self, what: String) {
        self.observer.0.borrow_mut().problems.push(format!("{}: {what}", self.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(kinds: &[EventKind]) -> Vec<&'static str> {
        let mut life = Life::default();
        kinds.iter().filter_map(|kind| life.event(*kind)).collect()
    }

    #[test]
    fn each_rule_of_the_grammar_is_held() {
        use EventKind::{Close, Connect, Drain, End, Error, Finish, Ready};
        assert_eq!(wrong(&[Connect, Ready, Drain, Drain, End, Finish, Close]), [""; 0]);
        assert_eq!(wrong(&[Error, Close]), [""; 0]);
        assert_eq!(wrong(&[Close, Close]), ["comes after 'close'"]);
        assert_eq!(wrong(&[Error, End]), ["comes after 'error'"]);
        assert_eq!(wrong(&[Ready]), ["comes before 'connect'"]);
        assert_eq!(wrong(&[End, End]), ["comes twice"]);
        assert_eq!(wrong(&[Finish, Drain]), ["comes after 'finish'"]);
    }

    #[test]
    fn a_byte_that_is_lost_doubled_or_moved_is_seen() {
        let problems = |does: fn(&Stream, Bytes)| {
            let observer = Observer::new();
            let stream = observer.stream("s");
            let sent = stream.chunk(600);
            does(&stream, sent);
            stream.ended();
            observer.problems()
        };
        assert_eq!(problems(|stream, sent| stream.received(&sent)), [""; 0]);
        assert_eq!(problems(|stream, sent| stream.received(&sent[..599])), ["s: 'end' after 599 of 600 bytes"]);
        let lost = problems(|stream, sent| stream.received(&[&sent[..5], &sent[6..]].concat()));
        assert_eq!(lost[0], "s: not what was sent, at byte 5 of 600");
        let doubled = problems(|stream, sent| stream.received(&[&sent[..], &sent[..1]].concat()));
        assert_eq!(doubled[0], "s: not what was sent, at byte 600 of 600");
        let moved = problems(|stream, sent| stream.received(&[&sent[256..512], &sent[..256], &sent[512..]].concat()));
        assert_eq!(moved[0], "s: not what was sent, at byte 0 of 600");
    }

    #[test]
    fn a_callback_that_never_ran_is_a_problem() {
        let observer = Observer::new();
        drop(observer.callback::<(), World>());
        assert_eq!(observer.over(&World::new(crate::Chooser::calm())), ["callback 0 ran 0 times"]);
    }
}
