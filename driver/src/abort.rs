//! Aborting sockets and servers from one place: `AbortController` and its signal.

use crate::net::{Host, Net};
use crate::{Server, Socket};
use netfold_core::{Event, EventKind, NodeError, Target};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    aborted: bool,
    /// What is destroyed or closed by it, in the order in which it came.
    targets: Vec<Target>,
}

/// Aborts the sockets and servers of one loop that have its [signal](AbortController::signal).
///
/// ```
/// use netfold::{AbortController, Connect, Net};
/// let mut net = Net::new(()).unwrap();
/// let controller = AbortController::new();
/// let socket = net.connect(Connect::port(9).host("127.0.0.1").signal(controller.signal())).unwrap();
/// socket.on_error(&mut net, |_, _, error| assert_eq!(error.code(), "ABORT_ERR"));
/// controller.abort(&mut net);
/// assert!(socket.destroyed(&net));
/// net.run().unwrap();
/// ```
#[derive(Debug, Default)]
pub struct AbortController {
    signal: AbortSignal,
}

/// Whether something was aborted: an option of [`Connect`](crate::Connect::signal), [`Listen`](crate::Listen::signal)
/// and [`Net::socket_with_signal`]. Clones are the same signal.
#[derive(Clone, Debug, Default)]
pub struct AbortSignal(Arc<Mutex<State>>);

impl PartialEq for AbortSignal {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AbortSignal {}

impl AbortController {
    /// `new AbortController()` (rule C26)
    pub fn new() -> Self {
        Self::default()
    }

    /// `controller.signal` (rule C26)
    pub const fn signal(&self) -> &AbortSignal {
        &self.signal
    }

    /// `controller.abort()`: within the call, in the order in which they got the signal, each socket is destroyed with
    /// [`NodeError::Aborted`] and each server closed. The first call counts (rules C26 and S16).
    pub fn abort<S, H: Host>(&self, net: &mut Net<S, H>) {
        let targets = {
            let mut state = self.signal.state();
            state.aborted = true;
            std::mem::take(&mut state.targets)
        };
        for target in targets {
            match target {
                Target::Socket(id) => Socket(id).destroy_with(net, NodeError::Aborted),
                Target::Server(id) => Server(id).close(net),
            }
        }
    }
}

impl AbortSignal {
    /// `AbortSignal.abort()`: one that is aborted already (rules C26 and S16).
    pub fn abort() -> Self {
        let signal = Self::default();
        signal.state().aborted = true;
        signal
    }

    /// `signal.aborted` (rule C26)
    pub fn aborted(&self) -> bool {
        self.state().aborted
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, target: Target) {
        self.state().targets.retain(|known| *known != target);
    }

    /// A new socket has this signal. Its errors count as listened for, as in Node.
    pub(crate) fn guard_socket<S, H: Host>(&self, net: &mut Net<S, H>, socket: Socket) {
        let target = Target::Socket(socket.id());
        let (on_error, on_close) = (self.clone(), self.clone());
        socket.on_error(net, move |_, _, _| on_error.forget(target));
        socket.on_close(net, move |_, _, _| on_close.forget(target));
        // With both halves over there is nothing left to abort.
        let over = Rc::new(Cell::new((false, false)));
        for kind in [EventKind::End, EventKind::Finish] {
            let (signal, over) = (self.clone(), over.clone());
            socket.on(net, kind, move |_, _, event| {
                let (ended, finished) = over.get();
                over.set((ended || event == Event::End, finished || event == Event::Finish));
                if over.get() == (true, true) {
                    signal.forget(target);
                }
            });
        }
        if self.aborted() {
            socket.destroy_with(net, NodeError::Aborted);
        } else {
            self.state().targets.push(target);
        }
    }

    /// A server that was told to listen has this signal.
    pub(crate) fn guard_server<S, H: Host>(&self, net: &mut Net<S, H>, server: Server) {
        if self.aborted() {
            net.next_tick(move |net| server.close(net));
            return;
        }
        let target = Target::Server(server.id());
        self.state().targets.push(target);
        let signal = self.clone();
        server.once(net, EventKind::ServerClose, move |_, _, _| signal.forget(target));
    }
}
