//! The actors with their listeners, and what a listener does when it is called.

use super::program::*;
use super::rare::blocking;
use super::run::{Added, Function, State, Who, controller, log};
use super::steps::{address_of, run_block};
use crate::{error_text, event_text};
use netfold::{Address, CallbackId, Event, EventKind, Host, Net, Socket};

/// What a listener of a `watch` line or of a block does.
#[derive(Clone, Copy, Debug)]
struct Listening {
    actor: usize,
    /// The block, if it is one.
    block: Option<usize>,
    /// It is the first for this event.
    logs: bool,
}

/// Makes sockets and servers, with their listeners, in order.
pub(super) fn make_actors<H: Host>(net: &mut Net<State, H>) {
    let program = net.state.program.clone();
    for (actor, Actor { role, .. }) in program.actors.iter().enumerate() {
        let who = match role {
            Role::Server(options) => Who::Server(make_server(net, actor, options)),
            Role::Socket(options) => Who::Socket(make_socket(net, actor, options)),
            Role::Peer(_) => continue,
        };
        enter(net, actor, who);
    }
}

fn make_server<H: Host>(net: &mut Net<State, H>, actor: usize, options: &ServerOptions) -> netfold::Server {
    let socket = netfold::SocketOptions {
        allow_half_open: options.allow_half_open,
        high_water_mark: options.high_water_mark,
        no_delay: options.no_delay,
        keep_alive: options.keep_alive,
        ..netfold::SocketOptions::default()
    };
    let server = net.server(netfold::ServerOptions { socket, pause_on_connect: options.pause_on_connect });
    if let Some(address) = &options.block_list {
        server.set_block_list(net, Some(blocking(address)));
    }
    server.on_connection(net, move |net, peer| accepted(net, actor, peer));
    server
}

fn make_socket<H: Host>(net: &mut Net<State, H>, actor: usize, options: &SocketOptions) -> Socket {
    let made = netfold::SocketOptions {
        allow_half_open: options.allow_half_open,
        high_water_mark: options.high_water_mark,
        readable_high_water_mark: options.readable_high_water_mark,
        writable_high_water_mark: options.writable_high_water_mark,
        readable: !options.no_read,
        writable: !options.no_write,
        ..netfold::SocketOptions::default()
    };
    let socket = match (options.on_read, &options.signal) {
        (Some(size), _) => net.socket_on_read(made, size, move |net, _, bytes| {
            net.state.journal.read(actor, &bytes);
            log(net, actor, &format!("onread {}", bytes.len()));
            true
        }),
        (None, Some(signal)) => {
            let controller = controller(net, signal);
            net.socket_with_signal(made, controller.signal())
        }
        (None, None) => net.socket(made),
    };
    socket.expect("a program has few sockets")
}

/// Names the next peer of a server, or lets the socket go.
fn accepted<H: Host>(net: &mut Net<State, H>, server: usize, socket: Socket) {
    let program = net.state.program.clone();
    let of = &program.actors[server].name;
    let unnamed = |(at, actor): &(usize, &Actor)| {
        matches!(&actor.role, Role::Peer(known) if known == of) && net.state.cast[*at].who.is_none()
    };
    match program.actors.iter().enumerate().find(unnamed) {
        Some((actor, Actor { name, .. })) => {
            enter(net, actor, Who::Socket(socket));
            net.state.cast[actor].on_path = matches!(address_of(net, of), Address::Path(_));
            log(net, server, &format!("connection {name}"));
        }
        None => {
            net.state.strays.push(socket);
            socket.on_error(net, |_, _, _| {});
            socket.resume(net);
            log(net, server, "connection");
        }
    }
}

/// An actor is there: adds its listeners.
fn enter<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who) {
    net.state.cast[actor].who = Some(who);
    let forgotten =
        matches!(&net.state.program.actors[actor].role, Role::Socket(SocketOptions { forgotten: true, .. }));
    if let (Who::Socket(socket), false) = (who, forgotten) {
        // What was closed is still asked, and connected again.
        socket.retain(net);
    }
    let program = net.state.program.clone();
    let name = &program.actors[actor].name;
    let mut known: Vec<EventKind> = vec![EventKind::Connection];
    for (at, part) in program.parts.iter().enumerate() {
        let (events, block) = match part {
            Part::Watch(of, events) if of == name => (events.as_slice(), None),
            Part::Block(Trigger::On(of, event, _), _) if of == name => (std::slice::from_ref(event), Some(at)),
            _ => continue,
        };
        for &event in events {
            let logs = !known.contains(&event);
            known.push(event);
            net.state.cast[actor].listens.push(event);
            listen(net, who, event, Listening { actor, block, logs });
        }
    }
}

fn listen<H: Host>(net: &mut Net<State, H>, who: Who, event: EventKind, heard: Listening) {
    match who {
        Who::Socket(socket) => socket.on(net, event, move |net, _, event| hear(net, heard, &event)),
        Who::Server(server) => server.on(net, event, move |net, _, event| hear(net, heard, &event)),
    };
}

fn hear<H: Host>(net: &mut Net<State, H>, heard: Listening, event: &Event) {
    note_data(net, heard.actor, event);
    if heard.logs {
        log_event(net, heard.actor, None, event);
    }
    let Some(block) = heard.block else { return };
    net.state.calls[block] += 1;
    let nth = match &net.state.program.parts[block] {
        Part::Block(Trigger::On(_, _, nth), _) => *nth,
        _ => None,
    };
    if nth.is_none_or(|nth| nth == net.state.calls[block]) {
        run_block(net, block);
    }
}

/// What an emission of 'data' brought is counted once, however many listeners there are.
fn note_data<H: Host>(net: &mut Net<State, H>, actor: usize, event: &Event) {
    let bytes = match event {
        Event::Data(bytes) => &**bytes,
        Event::Text(text) => text.as_bytes(),
        _ => return,
    };
    if net.state.cast[actor].heard.is_new(event) {
        net.state.journal.read(actor, bytes);
    }
}

fn log_event<H: Host>(net: &mut Net<State, H>, actor: usize, label: Option<&str>, event: &Event) {
    let text = event_text(event);
    match label {
        Some(label) => log(net, actor, &format!("{label}: {text}")),
        None => log(net, actor, &text),
    }
}

/// `on NAME` and its kin.
pub(super) fn add<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, adding: Adding, name: &str) {
    let block = net.state.block(|trigger| matches!(trigger, Trigger::Listener(known, ..) if known == name));
    let Some(block) = block else { panic!("the program has no listener {name}") };
    let program = net.state.program.clone();
    let Part::Block(Trigger::Listener(_, _, event), _) = &program.parts[block] else { return };
    let (event, token) = (*event, next_token(net));
    let label = name.to_string();
    let called = move |net: &mut Net<State, H>, event: &Event| {
        if matches!(adding, Adding::Once | Adding::PrependOnce) {
            forget(net, token);
        }
        note_data(net, actor, event);
        log_event(net, actor, Some(&label), event);
        run_block(net, block);
    };
    let id = match (who, adding) {
        (Who::Socket(socket), Adding::On) => socket.on(net, event, move |net, _, event| called(net, &event)),
        (Who::Socket(socket), Adding::Once) => socket.once(net, event, move |net, _, event| called(net, &event)),
        (Who::Socket(socket), Adding::Prepend) => socket.prepend(net, event, move |net, _, event| called(net, &event)),
        (Who::Socket(socket), Adding::PrependOnce) => {
            socket.prepend_once(net, event, move |net, _, event| called(net, &event))
        }
        (Who::Server(server), Adding::On) => server.on(net, event, move |net, _, event| called(net, &event)),
        (Who::Server(server), Adding::Once) => server.once(net, event, move |net, _, event| called(net, &event)),
        (Who::Server(server), Adding::Prepend) => server.prepend(net, event, move |net, _, event| called(net, &event)),
        (Who::Server(server), Adding::PrependOnce) => server.prepend(net, event, move |net, server, event| {
            // What a `once` does: off the list before it is called, and at most one call.
            let known = net.state.added.iter().find(|known| known.token == token).map(|known| known.id);
            if let Some(id) = known {
                server.off(net, id);
                called(net, &event);
            }
        }),
    };
    let prepended = matches!(adding, Adding::Prepend | Adding::PrependOnce);
    remember(net, Added { actor, event, function: Function::Block(block), token, id }, prepended);
}

fn next_token<H: Host>(net: &Net<State, H>) -> u32 {
    net.state.added.iter().map(|known| known.token + 1).max().unwrap_or(0)
}

fn remember<H: Host>(net: &mut Net<State, H>, added: Added, prepended: bool) {
    let at = if prepended { 0 } else { net.state.added.len() };
    net.state.added.insert(at, added);
}

fn forget<H: Host>(net: &mut Net<State, H>, token: u32) {
    net.state.added.retain(|known| known.token != token);
}

/// `off NAME`: of equal listeners the last one goes, as in Node.
pub(super) fn off<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, function: &Function) {
    let is = |known: &Added| known.actor == actor && known.function == *function;
    let Some(at) = net.state.added.iter().rposition(is) else { return };
    let id = net.state.added.remove(at).id;
    match who {
        Who::Socket(socket) => socket.off(net, id),
        Who::Server(server) => server.off(net, id),
    }
}

/// `removeAll [EVENT]`
pub(super) fn remove_all<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, event: Option<EventKind>) {
    let gone = |known: &Added| known.actor == actor && event.is_none_or(|event| event == known.event);
    net.state.added.retain(|known| !gone(known));
    net.state.cast[actor].listens.retain(|known| event.is_some_and(|event| event != *known));
    match who {
        Who::Socket(socket) => socket.remove_all_listeners(net, event),
        Who::Server(server) => server.remove_all_listeners(net, event),
    }
}

/// `setTimeout MS cb=NAME` with a time: a listener that can be taken off again by name.
pub(super) fn add_timeout<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    socket: Socket,
    ms: u32,
    name: &str,
) -> Result<(), netfold::SharedError> {
    let (token, label) = (next_token(net), name.to_string());
    let id = socket.set_timeout_then(net, f64::from(ms), move |net, _| {
        forget(net, token);
        called(net, actor, &label, "undefined");
    })?;
    if let Some(id) = id {
        let function = Function::Callback(name.into());
        remember(net, Added { actor, event: EventKind::Timeout, function, token, id }, false);
    }
    Ok(())
}

/// A callback is called: logs, and runs its block.
pub(super) fn called<H: Host>(net: &mut Net<State, H>, actor: usize, name: &str, argument: &str) {
    log(net, actor, &format!("cb {name} {argument}"));
    let block = net.state.block(|trigger| matches!(trigger, Trigger::Callback(known) if known == name));
    if let Some(block) = block {
        run_block(net, block);
    }
}

/// The function of this name: the same each time, so that ticks of equal callbacks merge.
pub(super) fn shared_callback<H: Host>(net: &mut Net<State, H>, actor: usize, name: &str) -> CallbackId {
    let known = net.state.callbacks.iter().find(|(of, known, _)| *of == actor && known == name);
    if let Some((_, _, id)) = known {
        return *id;
    }
    let label = name.to_string();
    let id = net.callback(move |net, _, result| called(net, actor, &label, &error_text(result.err())));
    net.state.callbacks.push((actor, name.into(), id));
    id
}

/// `listeners:EVENT`: how many of the program's own listeners are on it; callbacks and pipes are not counted.
pub(super) fn own_listeners<H: Host>(net: &Net<State, H>, actor: usize, event: EventKind) -> usize {
    let added =
        net.state.added.iter().filter(|known| {
            known.actor == actor && known.event == event && matches!(known.function, Function::Block(_))
        });
    let of_file = net.state.cast[actor].listens.iter().filter(|known| **known == event);
    added.count() + of_file.count()
}
