//! What steps do.

use super::listeners::{add, add_timeout, called, off, remove_all, shared_callback};
use super::program::*;
use super::properties::{server_property, socket_property};
use super::rare::{NOT_THERE, blocking, dispose, listen_on_copy, listen_on_file, nest};
use super::run::{Function, State, Who, controller, is_over, log};
use super::targets::{For, REFUSED_PORT};
use crate::error_text;
use netfold::{Address, Chunk, Connect, EventKind, Host, Listen, LookupCode, Net, Server, SharedError, Socket};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// One block runs its steps so often.
const MOST_RUNS: u32 = 8;
/// A program runs so many steps.
const MOST_STEPS: u32 = 400;

/// What `throw` throws.
#[derive(Debug)]
pub(super) struct Thrown;

impl std::fmt::Display for Thrown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Error \"thrown\"")
    }
}

/// What a step leaves to log after it.
type Left = Result<Option<String>, SharedError>;

const NOTHING: Left = Ok(None);

/// Runs the steps of a block, until one throws.
pub(super) fn run_block<H: Host>(net: &mut Net<State, H>, block: usize) {
    if net.state.runs[block] >= MOST_RUNS || is_over(net) {
        return;
    }
    net.state.runs[block] += 1;
    let program = net.state.program.clone();
    if let Part::Block(_, steps) = &program.parts[block] {
        for step in steps {
            run_step(net, step);
        }
    }
}

fn count_step<H: Host>(net: &mut Net<State, H>) -> bool {
    let runs = net.state.steps < MOST_STEPS;
    net.state.steps += u32::from(runs);
    runs
}

fn run_step<H: Host>(net: &mut Net<State, H>, step: &Step) {
    if let Step::Do(name, verb) = step {
        let actor = net.state.actor(name);
        if count_step(net)
            && let Some(who) = net.state.cast[actor].who
        {
            run_verb(net, actor, who, verb);
        }
        return;
    }
    if !count_step(net) {
        return;
    }
    let own = net.state.journal.own();
    log(net, own, &step.to_string());
    match step.clone() {
        Step::Do(..) | Step::Log(_) => {}
        Step::Tick(name) => net.next_tick(move |net| run_task(net, &name)),
        Step::Immediate(name) => net.set_immediate(move |net| run_task(net, &name)),
        Step::Timer(name, ms) => {
            net.set_timeout(f64::from(ms), move |net| run_task(net, &name));
        }
        Step::Abort(name) => controller(net, &name).abort(net),
        // Past the panic hook, which would print it.
        Step::Throw => resume_unwind(Box::new(Thrown)),
    }
}

fn socket_named<H: Host>(net: &Net<State, H>, name: &str) -> Option<Socket> {
    match net.state.cast[net.state.actor(name)].who {
        Some(Who::Socket(socket)) => Some(socket),
        _ => None,
    }
}

fn run_task<H: Host>(net: &mut Net<State, H>, name: &str) {
    let own = net.state.journal.own();
    log(net, own, &format!("task {name}"));
    let block = net.state.block(|trigger| matches!(trigger, Trigger::Task(known) if known == name));
    if let Some(block) = block {
        run_block(net, block);
    }
}

fn run_verb<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, verb: &Verb) {
    log(net, actor, &verb.to_string());
    let left = catch_unwind(AssertUnwindSafe(|| match (common(net, actor, who, verb), who) {
        (true, _) => NOTHING,
        (false, Who::Socket(socket)) => socket_verb(net, actor, socket, verb),
        (false, Who::Server(server)) => server_verb(net, actor, server, verb),
    }));
    match left {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(entry))) => log(net, actor, &entry),
        Ok(Err(error)) => log(net, actor, &format!("threw {}", error_text(Some(&error)))),
        Err(payload) if payload.is::<Thrown>() => log(net, actor, &format!("threw {Thrown}")),
        Err(payload) => resume_unwind(payload),
    }
}

/// What sockets and servers have in common; whether this was such a verb.
fn common<H: Host>(net: &mut Net<State, H>, actor: usize, who: Who, verb: &Verb) -> bool {
    match (verb, who) {
        (Verb::Add(adding, name), _) => add(net, actor, who, *adding, name),
        (Verb::Off(name), _) => {
            let block = net.state.block(|trigger| matches!(trigger, Trigger::Listener(known, ..) if known == name));
            if let Some(block) = block {
                off(net, actor, who, &Function::Block(block));
            }
        }
        (Verb::RemoveAll(event), _) => remove_all(net, actor, who, *event),
        (Verb::Dispose(cb), _) => dispose(net, actor, who, cb.clone()),
        (Verb::Ref(true), Who::Socket(socket)) => socket.ref_(net),
        (Verb::Ref(false), Who::Socket(socket)) => socket.unref(net),
        (Verb::Ref(true), Who::Server(server)) => server.ref_(net),
        (Verb::Ref(false), Who::Server(server)) => server.unref(net),
        _ => return false,
    }
    true
}

fn socket_verb<H: Host>(net: &mut Net<State, H>, actor: usize, socket: Socket, verb: &Verb) -> Left {
    match verb {
        Verb::Connect(to, options, cb) => return connect(net, actor, socket, to, options, cb.as_deref()),
        Verb::Write(amount, cb) => {
            let chunk = chunk(net, actor, *amount);
            let went = match cb {
                Some(name) => {
                    let callback = shared_callback(net, actor, name);
                    socket.write_cb(net, chunk, callback)
                }
                None => socket.write(net, chunk),
            };
            return Ok(Some(format!("-> {went}")));
        }
        Verb::End(amount, cb) => end(net, actor, socket, *amount, cb.clone()),
        Verb::Destroy(false) => socket.destroy(net),
        Verb::Destroy(true) => socket.destroy_with(net, "boom"),
        Verb::DestroySoon => socket.destroy_soon(net),
        Verb::Reset => socket.reset_and_destroy(net)?,
        Verb::Pause => socket.pause(net),
        Verb::Resume => socket.resume(net),
        Verb::Cork => socket.cork(net),
        Verb::Uncork => socket.uncork(net),
        Verb::Read(n) => return read(net, actor, socket, *n),
        Verb::SetEncoding(encoding) => socket.set_encoding(net, *encoding),
        Verb::SetTimeout(ms, cb) => match cb {
            Some(name) if *ms > 0 => add_timeout(net, actor, socket, *ms, name)?,
            cb => {
                socket.set_timeout(net, f64::from(*ms))?;
                if let Some(name) = cb
                    && !socket.destroyed(net)
                {
                    off(net, actor, Who::Socket(socket), &Function::Callback(name.clone()));
                }
            }
        },
        Verb::SetNoDelay(on) => socket.set_no_delay(net, *on),
        Verb::SetKeepAlive(on, ms) => socket.set_keep_alive(net, *on, ms.unwrap_or(0)),
        Verb::Pipe(to, end) => {
            if let Some(to) = socket_named(net, to) {
                socket.pipe_with(net, to, *end);
            }
        }
        Verb::Unpipe(Some(from)) => {
            if let Some(from) = socket_named(net, from) {
                socket.unpipe(net, from);
            }
        }
        Verb::Unpipe(None) => socket.unpipe_all(net),
        Verb::Unshift(amount) => {
            let chunk = chunk(net, actor, *amount);
            return Ok(Some(format!("-> {}", socket.unshift(net, chunk))));
        }
        Verb::Nest(depth) => return Ok(nest(net, socket, *depth)),
        Verb::Smile(count, cb) => {
            let text = "\u{1f600}".repeat(*count as usize);
            let went = match cb {
                Some(name) => {
                    let callback = shared_callback(net, actor, name);
                    socket.write_cb(net, text, callback)
                }
                None => socket.write(net, text),
            };
            return Ok(Some(format!("-> {went}")));
        }
        Verb::SetTypeOfService(tos) => socket.set_type_of_service(net, *tos)?,
        Verb::GetTypeOfService => return Ok(Some(format!("-> {}", socket.get_type_of_service(net)?))),
        Verb::NodeAlone(_) => return Ok(Some(NOT_THERE.into())),
        Verb::Get(properties) => {
            return got(properties, |property| socket_property(net, actor, socket, property));
        }
        other => panic!("a socket cannot {other}"),
    }
    NOTHING
}

/// One entry of all that `get` was asked for.
fn got(properties: &[String], mut value: impl FnMut(&str) -> String) -> Left {
    let values: Vec<_> = properties.iter().map(|property| format!("{property}={}", value(property))).collect();
    Ok(Some(format!("-> {}", values.join(" "))))
}

/// The next part of what an actor writes.
fn chunk<H: Host>(net: &mut Net<State, H>, actor: usize, amount: Amount) -> Chunk {
    let from = net.state.cast[actor].written;
    let to = from.wrapping_add(amount.length);
    net.state.cast[actor].written = to;
    let letters = |first: u8, count: u32| (from..to).map(|i| char::from(first + (i % count) as u8)).collect::<String>();
    match amount.encoding {
        None => {
            let bytes: Vec<u8> = (from..to).map(|i| (i.wrapping_mul(31).wrapping_add(7) & 0xff) as u8).collect();
            Chunk::from(netfold::Bytes::from(bytes))
        }
        Some(encoding @ (Encoding::Base64 | Encoding::Base64url | Encoding::Hex)) => {
            Chunk::text(letters(b'0', 10), encoding)
        }
        Some(encoding) => Chunk::text(letters(b'a', 26), encoding),
    }
}

fn end<H: Host>(net: &mut Net<State, H>, actor: usize, socket: Socket, amount: Option<Amount>, cb: Callback) {
    let chunk = amount.map(|amount| chunk(net, actor, amount));
    let callback = cb.map(|name| {
        move |net: &mut Net<State, H>, _: Socket, result: Result<(), &netfold::NodeError>| {
            called(net, actor, &name, &error_text(result.err()));
        }
    });
    match (chunk, callback) {
        (None, None) => socket.end(net),
        (Some(chunk), None) => socket.end_with(net, chunk),
        (None, Some(callback)) => socket.end_then(net, callback),
        (Some(chunk), Some(callback)) => socket.end_with_then(net, chunk, callback),
    }
}

fn read<H: Host>(net: &mut Net<State, H>, actor: usize, socket: Socket, n: Option<u32>) -> Left {
    let heard = net.state.cast[actor].heard.count;
    let (length, bytes) = if socket.view(net).and_then(|view| view.readable_encoding()).is_some() {
        let text = match n {
            Some(n) => socket.read_text_n(net, n)?,
            None => socket.read_text(net),
        };
        let units = text.as_ref().map(|text| text.units() as usize);
        (units, text.map(netfold::Bytes::from))
    } else {
        let bytes = match n {
            Some(n) => socket.read_n(net, n)?,
            None => socket.read(net),
        };
        (bytes.as_ref().map(netfold::Bytes::len), bytes)
    };
    // What 'data' brought as well was counted there.
    let counted = bytes.filter(|_| net.state.cast[actor].heard.count == heard).unwrap_or_default();
    net.state.journal.read(actor, &counted);
    Ok(Some(length.map_or(String::from("-> null"), |length| format!("-> {length}"))))
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const NO_ADDRESS: &str = "no address";
const OTHER_KIND: &str = "other kind";

fn connect<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    socket: Socket,
    to: &To,
    options: &[ConnectOption],
    cb: Option<&str>,
) -> Left {
    let target = match to {
        To::Server(name) => address_of(net, name),
        To::Refused => Address::Tcp((LOOPBACK, REFUSED_PORT).into()),
        To::Missing => Address::Path(net.state.paths.path(For::Missing)),
        To::File => Address::Path(net.state.paths.path(For::File)),
    };
    if target == Address::None {
        return Ok(Some(NO_ADDRESS.into()));
    }
    let on_path = matches!(target, Address::Path(_));
    // Node aborts there.
    if socket.buffer_size(net).is_some() && net.state.cast[actor].on_path != on_path {
        return Ok(Some(OTHER_KIND.into()));
    }
    net.state.cast[actor].on_path = on_path;
    let mut to = match target {
        Address::Tcp(address) => {
            let port = options.iter().find_map(|option| match option {
                ConnectOption::Port(port) => Some(*port),
                _ => None,
            });
            Connect::port(port.unwrap_or(address.port().into())).host(address.ip().to_string())
        }
        Address::Path(path) => Connect::path(path),
        Address::None => return Ok(Some(NO_ADDRESS.into())),
    };
    let mut lookup = None;
    for option in options {
        to = match option {
            ConnectOption::Host(name) => to.host(name),
            ConnectOption::Lookup(how) => {
                lookup = Some(*how);
                to
            }
            ConnectOption::Family(family) => to.family(*family),
            ConnectOption::LocalPort(port) => to.local_port(*port),
            ConnectOption::LocalAddress(address) => to.local_address(address),
            ConnectOption::Timeout(0) => to,
            ConnectOption::Timeout(ms) => {
                // As `net.connect` does it: `socket.connect` passes the option over.
                socket.set_timeout(net, f64::from(*ms))?;
                to
            }
            ConnectOption::AutoSelectFamily(on) => to.auto_select_family(*on),
            ConnectOption::Port(_) => to,
            ConnectOption::AttemptTimeout(ms) => to.auto_select_family_attempt_timeout(*ms),
            ConnectOption::BlockList(address) => to.block_list(&blocking(address)),
        };
    }
    if let Some(name) = cb {
        let name = name.to_string();
        socket.once(net, EventKind::Connect, move |net, _, _| called(net, actor, &name, "undefined"));
    }
    match lookup {
        Some(how) => socket.connect_looking_up(net, to, move |net, request| look_up(net, how, request))?,
        None => socket.connect(net, to)?,
    }
    NOTHING
}

fn look_up<H: Host>(net: &mut Net<State, H>, how: Lookup, request: netfold::LookupRequest) {
    let found = |net: &mut Net<State, H>| request.answer(net, Ok(vec![LOOPBACK]));
    match how {
        Lookup::Sync | Lookup::Wrong => found(net),
        Lookup::Tick => net.next_tick(move |net| request.answer(net, Ok(vec![LOOPBACK]))),
        Lookup::Immediate => net.set_immediate(move |net| request.answer(net, Ok(vec![LOOPBACK]))),
        Lookup::Error => request.answer(net, Err(LookupCode::NotFound)),
        Lookup::Empty => request.answer(net, Ok(Vec::new())),
        Lookup::Two => net.set_immediate(move |net| request.answer(net, Ok(vec![LOOPBACK, SECOND]))),
    }
}

fn server_verb<H: Host>(net: &mut Net<State, H>, actor: usize, server: Server, verb: &Verb) -> Left {
    match verb {
        Verb::Listen(options, cb) => return listen(net, actor, server, options, cb.as_deref()),
        Verb::Close(None) => server.close(net),
        Verb::Close(Some(name)) => {
            let name = name.clone();
            server.close_then(net, move |net, _, result| {
                let argument = result.map_or_else(|error| error_text(Some(error)), |()| "undefined".into());
                called(net, actor, &name, &argument);
            });
        }
        Verb::GetConnections(name) => {
            let name = name.clone();
            server.get_connections(net, move |net, count| called(net, actor, &name, &format!("null {count}")));
        }
        Verb::MaxConnections(n) => {
            server.set_max_connections(net, *n);
            net.state.cast[actor].max_connections = Some(*n);
        }
        Verb::Get(properties) => {
            return got(properties, |property| server_property(net, actor, server, property));
        }
        other => panic!("a server cannot {other}"),
    }
    NOTHING
}

fn listen<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    server: Server,
    options: &[ListenOption],
    cb: Option<&str>,
) -> Left {
    if let Some(thrown) = listen_on_descriptor(net, actor, server, options) {
        if let Some(name) = cb {
            let name = name.to_string();
            server.once(net, EventKind::Listening, move |net, _, _| called(net, actor, &name, "undefined"));
        }
        return thrown.map_or(Ok(Some(NO_ADDRESS.into())), |thrown| thrown.map(|()| None));
    }
    let Some(mut on) = listen_on(net, actor, options) else { return Ok(Some(NO_ADDRESS.into())) };
    for option in options {
        on = match option {
            ListenOption::Backlog(n) => on.backlog(*n),
            ListenOption::Signal(name) => on.signal(controller(net, name).signal()),
            ListenOption::Exclusive => on.exclusive(true),
            ListenOption::ReusePort => on.reuse_port(true),
            ListenOption::Ipv6Only => on.ipv6_only(true),
            ListenOption::ReadableAll => on.readable_all(true),
            ListenOption::WritableAll => on.writable_all(true),
            _ => on,
        };
    }
    match cb {
        Some(name) => {
            let name = name.to_string();
            server.try_listen_then(net, on, move |net, _| called(net, actor, &name, "undefined"))?;
        }
        None => server.listen(net, on)?,
    }
    NOTHING
}

/// Listens on a descriptor, if the options say so: what is thrown, or `None` where there is none.
fn listen_on_descriptor<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    server: Server,
    options: &[ListenOption],
) -> Option<Option<Result<(), SharedError>>> {
    options.iter().find_map(|option| match option {
        ListenOption::FdOfFile => {
            let path = net.state.paths.path(For::File);
            Some(listen_on_file(net, actor, server, path))
        }
        ListenOption::HandleOf(of) => Some(listen_on_copy(net, server, of)),
        _ => None,
    })
}

/// Where to listen; `None` if that is where another server listens, and it does not.
fn listen_on<H: Host>(net: &mut Net<State, H>, actor: usize, options: &[ListenOption]) -> Option<Listen> {
    let (mut host, mut port) = (LOOPBACK.to_string(), 0);
    let (mut port_of, mut path_of, mut path) = (None, None, None);
    for option in options {
        match option {
            ListenOption::Host(name) => host.clone_from(name),
            ListenOption::Port(given) => port = *given,
            ListenOption::PortOf(of) => port_of = Some(address_of(net, of)),
            ListenOption::PathOf(of) => path_of = Some(address_of(net, of)),
            ListenOption::Path => path = Some(net.state.paths.path(For::Server(actor))),
            ListenOption::PathLength(length) => path = Some(net.state.paths.long(*length as usize)),
            ListenOption::PathWithNul => path = Some(net.state.paths.with_nul()),
            ListenOption::Abstract => path = Some(net.state.paths.abstract_name()),
            ListenOption::NoFolder => path = Some(net.state.paths.in_no_folder()),
            _ => {}
        }
    }
    if let Some(of) = port_of {
        let Address::Tcp(of) = of else { return None };
        port = of.port().into();
    }
    if let Some(of) = path_of {
        let Address::Path(of) = of else { return None };
        return Some(Listen::path(of));
    }
    if let Some(path) = path {
        return Some(Listen::path(path));
    }
    let on = Listen::port(port);
    Some(if options.contains(&ListenOption::Any) { on } else { on.host(host) })
}

/// Where a server listens.
pub(super) fn address_of<H: Host>(net: &mut Net<State, H>, server: &str) -> Address {
    match net.state.cast[net.state.actor(server)].who {
        Some(Who::Server(server)) => server.address(net),
        _ => Address::None,
    }
}
