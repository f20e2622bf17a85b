//! Steps and properties that few scenarios need: descriptors, nesting, what one of the two sides has not.

use super::listeners::called;
use super::program::*;
use super::run::{State, Who};
use crate::error_text;
use netfold::{Address, BlockList, EventKind, Host, Net, Server, SharedError, Socket, System};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

/// What a step logs that netfold has no member for.
pub(super) const NOT_THERE: &str = "not there";

/// A descriptor that a server was given, and what it is of.
#[derive(Debug)]
pub(super) struct Given {
    number: i32,
    path: String,
}

/// The loop, if it is one over the sockets of this machine.
fn real<H: Host>(net: &mut Net<State, H>) -> Option<&mut Net<State, System>> {
    (net as &mut dyn Any).downcast_mut()
}

/// `listen fd=file`: what is thrown, and `None` where there are no descriptors.
pub(super) fn listen_on_file<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    server: Server,
    path: String,
) -> Option<Result<(), SharedError>> {
    let net = real(net)?;
    let file = fs::File::create(&path).expect("the temporary folder can be written to");
    let fd = OwnedFd::from(file);
    net.state.cast[actor].given = Some(Given { number: fd.as_raw_fd(), path });
    Some(server.listen_fd(net, fd, 0))
}

/// `listen handle-of=SERVER`: on a copy of its descriptor; `None` if it has none.
pub(super) fn listen_on_copy<H: Host>(
    net: &mut Net<State, H>,
    server: Server,
    of: &str,
) -> Option<Result<(), SharedError>> {
    let net = real(net)?;
    let Some(Who::Server(other)) = net.state.cast[net.state.actor(of)].who else { return None };
    let copy = other.fd(net)?.try_clone_to_owned().expect("a descriptor is to be had");
    Some(server.listen_fd(net, copy, 0))
}

/// `fd`: whether the descriptor that a server was given is open.
pub(super) fn given_is_open<H: Host>(net: &Net<State, H>, actor: usize) -> String {
    let Some(given) = &net.state.cast[actor].given else { return "none".into() };
    let open = fs::read_link(format!("/proc/self/fd/{}", given.number)).is_ok_and(|of| of.as_os_str() == &*given.path);
    if open { "open".into() } else { "closed".into() }
}

/// `bound`: the abstract name that the system has, against what was given.
pub(super) fn bound<H: Host>(net: &mut Net<State, H>, server: Server) -> String {
    let Address::Path(name) = server.address(net) else { return "none".into() };
    let shown = name.replace('\0', "@");
    let table = fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let found = table.lines().filter_map(|line| line.split(' ').next_back()).find(|name| name.starts_with(&shown));
    match found {
        None => "none".into(),
        Some(name) if name == shown => "as given".into(),
        Some(_) => "padded".into(),
    }
}

/// `modeOfOthers`: whether everybody may read (4) and write (2).
pub(super) fn mode_of_others<H: Host>(net: &mut Net<State, H>, server: Server) -> String {
    use std::os::unix::fs::PermissionsExt;
    let Address::Path(path) = server.address(net) else { return "none".into() };
    fs::metadata(path).map_or("none".into(), |of| (of.permissions().mode() & 6).to_string())
}

/// A block list of one address.
pub(super) fn blocking(address: &str) -> BlockList {
    let mut list = BlockList::new();
    list.add_address(address).expect("an address");
    list
}

/// `nest N`: what is thrown.
pub(super) fn nest<H: Host>(net: &mut Net<State, H>, socket: Socket, depth: u32) -> Option<String> {
    let (left, thrown) = (Rc::new(Cell::new(depth)), Rc::new(RefCell::new(None)));
    let noted = thrown.clone();
    let listener = socket.on(net, EventKind::Pause, move |net, socket, _| {
        if left.get() == 0 {
            return;
        }
        left.set(left.get() - 1);
        // A call that returns what it throws: `pause` would panic at the bound.
        if let Err(error) = socket.set_timeout(net, 0.0) {
            noted.replace(Some(error));
            return;
        }
        socket.resume(net);
        socket.pause(net);
    });
    socket.resume(net);
    socket.pause(net);
    socket.off(net, listener);
    thrown.take().map(|error| format!("threw {}", error_text(Some(&error))))
}

/// `dispose [CB]`
pub(super) fn dispose<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, cb: Callback) {
    let done = move |net: &mut Net<State, H>| {
        if let Some(name) = cb {
            called(net, actor, &name, "undefined");
        }
    };
    match who {
        Who::Socket(socket) => socket.dispose(net, done),
        Who::Server(server) => server.dispose(net, done),
    }
}
