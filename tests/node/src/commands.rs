//! The functions that `net.js` calls: each is one command or one look at the machine.

use crate::emit::{TAP, address};
use crate::host::{command, emit_rest, handle_id, host, lookup_id, pack, server_id, socket_id};
use crate::js::{Env, Thrown, api};
use crate::lists;
use bytes::Bytes;
use napi_sys::*;
use netfold_core::{
    CallbackId, Chunk, Command, ConnectTo, Encoding, Errno, EventKind, HandedIn, HandleKind, HostOptions, ListenOn,
    ListenOptions, ListenerId, NodeError, Outcome, ServerOptions, Side, SocketOptions, Target, Text, ip_and_zone,
    is_ip,
};
use rustix::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;

type Given = Result<napi_value, Thrown>;
pub(crate) type Export = fn(Env, &[napi_value]) -> Given;

/// The functions of the hot paths, each with how many arguments it has: looking for more takes its time. Code of `net.js` that
/// calls them looks for ticks itself.
pub(crate) const HOT: &[(&str, Export, usize)] = &[
    ("write", write, 4),
    ("writeBytes", write_bytes, 1),
    ("tick", |env, _| crate::host::tick(env).map(|()| std::ptr::null_mut()), 0),
    ("begin", |env, _| crate::turns::run_turn(env), 0),
    ("goOn", |env, _| crate::turns::telling(env, crate::host::went_on(env)), 0),
];

/// The other functions, by their names in JavaScript.
pub(crate) const EXPORTS: &[(&str, Export)] = &[
    ("fail", |env, args| crate::turns::telling(env, crate::host::failed(env, args[0]))),
    ("slab", crate::mail::renew),
    ("newSocket", new_socket),
    ("newServer", new_server),
    ("adopt", adopt),
    ("context", context),
    ("connectHost", connect_host),
    ("connectPath", connect_path),
    ("end", end),
    ("cork", |env, args| unit(env, Command::Cork(socket_id(env.f64(args[0]))))),
    ("uncork", |env, args| unit(env, Command::Uncork(socket_id(env.f64(args[0]))))),
    ("destroy", destroy),
    ("destroySoon", |env, args| unit(env, Command::DestroySoon(socket_id(env.f64(args[0]))))),
    ("reset", |env, args| unit(env, Command::ResetAndDestroy(socket_id(env.f64(args[0]))))),
    ("pause", |env, args| unit(env, Command::Pause(socket_id(env.f64(args[0]))))),
    ("resume", |env, args| unit(env, Command::Resume(socket_id(env.f64(args[0]))))),
    ("read", read),
    ("setEncoding", set_encoding),
    ("onRead", |env, args| unit(env, Command::OnRead(socket_id(env.f64(args[0])), env.u32(args[1])))),
    ("stopReading", |env, args| unit(env, Command::StopReading(socket_id(env.f64(args[0]))))),
    ("setTimeout", |env, args| unit(env, Command::SetTimeout(socket_id(env.f64(args[0])), env.f64(args[1])))),
    ("setNoDelay", |env, args| unit(env, Command::SetNoDelay(socket_id(env.f64(args[0])), env.flag(args[1])))),
    ("setKeepAlive", set_keep_alive),
    ("setTypeOfService", |env, args| {
        unit(env, Command::SetTypeOfService(socket_id(env.f64(args[0])), env.u32(args[1]) as u8))
    }),
    ("typeOfService", |env, args| unit(env, Command::TypeOfService(socket_id(env.f64(args[0]))))),
    ("isIP", |env, args| Ok(env.int(u32::from(is_ip(&env.string(args[0])))))),
    ("ref", |env, args| unit(env, Command::Ref(socket_id(env.f64(args[0])), env.flag(args[1])))),
    ("address", socket_address),
    ("release", release),
    ("on", on),
    ("off", off),
    ("removeAll", remove_all),
    ("listenPort", listen_port),
    ("listenPath", listen_path),
    ("listenFd", listen_fd),
    ("closeServer", |env, args| unit(env, Command::CloseServer(server_id(env.f64(args[0])), None))),
    ("serverAddress", |env, args| outcome(env, Command::ServerAddress(server_id(env.f64(args[0]))))),
    ("getConnections", get_connections),
    ("setMaxConnections", set_max_connections),
    ("refServer", |env, args| unit(env, Command::RefServer(server_id(env.f64(args[0])), env.flag(args[1])))),
    ("releaseServer", |env, args| unit(env, Command::ReleaseServer(server_id(env.f64(args[0]))))),
    ("answer", answer),
    ("answerError", answer_error),
    ("emitRest", |env, args| Ok(env.bool(emit_rest(env, env.flag(args[0]))?))),
    ("socketGet", crate::view::socket_get),
    ("serverGet", crate::view::server_get),
    ("listenerCount", crate::view::listener_count),
    (
        "eventNames",
        |env, _| Ok(env.array(&EventKind::ALL.iter().map(|kind| env.text(kind.name())).collect::<Vec<_>>())),
    ),
    ("counters", crate::view::counters),
    ("finishTrace", |env, _| {
        host(|h| h.finish_trace());
        Ok(env.undefined())
    }),
    ("accept", |env, _| crate::turns::accept(env)),
    ("watch", watch),
    ("duplicate", duplicate),
    ("descriptor", descriptor),
    ("setOption", set_option),
    ("closeHandle", |env, args| {
        host(|h| h.kernel.close_behind(handle_id(env.f64(args[0]))));
        Ok(env.undefined())
    }),
    ("unshift", |env, args| {
        let chunk = chunk(env, args[1], args[2]);
        unit(env, Command::Unshift(socket_id(env.f64(args[0])), chunk))
    }),
    ("setFlowing", |env, args| {
        let flowing = (env.kind(args[1]) == ValueType::napi_boolean).then(|| env.flag(args[1]));
        unit(env, Command::SetFlowing(socket_id(env.f64(args[0])), flowing))
    }),
    ("handleReads", |env, args| unit(env, Command::HandleReads(socket_id(env.f64(args[0])), env.flag(args[1])))),
    ("dropHandle", |env, args| unit(env, Command::DropHandle(socket_id(env.f64(args[0]))))),
    ("socketAddress", lists::socket_address),
    ("parseAddress", lists::parse_address),
    ("newBlockList", lists::new_list),
    ("dropBlockList", lists::drop_list),
    ("addAddress", lists::add_address),
    ("addRange", lists::add_range),
    ("addSubnet", lists::add_subnet),
    ("isBlocked", lists::is_blocked),
    ("rules", lists::rules),
    ("setBlockList", lists::set_list),
    ("setUp", crate::set_up),
];

fn unit(env: Env, what: Command) -> Given {
    command(env, what).and_then(|outcome| given(env, outcome))
}

fn outcome(env: Env, what: Command) -> Given {
    unit(env, what)
}

/// What a command gave back, as JavaScript's value or exception.
fn given(env: Env, outcome: Outcome) -> Given {
    Ok(match outcome {
        Outcome::Unit | Outcome::Timer(_) | Outcome::Address(None) => env.undefined(),
        Outcome::Bool(on) => env.bool(on),
        Outcome::TypeOfService(service) => env.int(u32::from(service)),
        Outcome::Socket(id) => env.number(pack(id.slot(), id.generation())),
        Outcome::Server(id) => env.number(pack(id.slot(), id.generation())),
        Outcome::Chunk(Some(bytes)) => env.buffer(&bytes),
        Outcome::Chunk(None) => env.null(),
        Outcome::Text(text) => env.text(&text),
        Outcome::Address(Some(addr)) => address(env, addr),
        Outcome::Path(path) => env.text(&path),
        Outcome::Threw(error) => return Err(Some(env.error(&error)?)),
        Outcome::ListenerThrew => return Err(None),
    })
}

fn socket_options(env: Env, args: &[napi_value]) -> SocketOptions {
    let mark = |at: usize| env.maybe(args[at]).map(|mark| mark as u32);
    SocketOptions {
        allow_half_open: env.flag(args[0]),
        high_water_mark: mark(1),
        no_delay: env.flag(args[2]),
        keep_alive: env.flag(args[3]),
        keep_alive_delay: env.u32(args[4]),
        readable_high_water_mark: mark(5),
        writable_high_water_mark: mark(6),
        readable: !env.is_false(args[7]),
        writable: !env.is_false(args[8]),
    }
}

/// A socket that stays known as long as its object; every event goes through `emit`.
fn new_socket(env: Env, args: &[napi_value]) -> Given {
    let options = socket_options(env, args);
    let made = match env.maybe(args[9]) {
        None => command(env, Command::NewSocket(options))?,
        Some(fd) => {
            let handed = hand_in(env, fd as i32)?;
            command(env, Command::HandedIn(options, handed))?
        }
    };
    if let Outcome::Socket(id) = made {
        command(env, Command::Retain(id))?;
        command(env, Command::Tap(Target::Socket(id), Some(TAP)))?;
    }
    given(env, made)
}

/// Descriptors up to this one are never closed, as in libuv.
const LAST_STDIO: i32 = 2;

/// A copy of a descriptor that stays open; the descriptor itself if there can be no copy.
fn copy(fd: OwnedFd) -> OwnedFd {
    match fd.try_clone() {
        Ok(copy) => {
            let _stays_open = fd.into_raw_fd();
            copy
        }
        Err(_) => fd,
    }
}

/// A descriptor by its number: the socket's from here on, unless it cannot be one.
fn hand_in(env: Env, fd: i32) -> Result<HandedIn, Thrown> {
    if host(|h| h.kernel.has_fd(fd)) {
        return Err(Some(env.error(&Arc::new(NodeError::system(Errno::EEXIST, "open")))?));
    }
    // SAFETY: it is the user who says that this number is a descriptor of theirs to give away, as in Node.
    let given = unsafe { OwnedFd::from_raw_fd(fd) };
    let handed = match given.try_clone() {
        Ok(copy) => host(|h| h.kernel.hand_in(copy)),
        Err(_) => Err(NodeError::InvalidFdType("UNKNOWN")),
    };
    if handed.is_err() || fd <= LAST_STDIO {
        let _still_theirs = given.into_raw_fd();
    }
    handed.map_err(|error| env.error(&Arc::new(error)).map_or_else(|thrown| thrown, Some))
}

fn adopt(env: Env, args: &[napi_value]) -> Given {
    let id = socket_id(env.f64(args[0]));
    command(env, Command::Retain(id))?;
    unit(env, Command::Tap(Target::Socket(id), Some(TAP)))
}

fn new_server(env: Env, args: &[napi_value]) -> Given {
    let options = ServerOptions { socket: socket_options(env, args), pause_on_connect: env.flag(args[9]) };
    let made = command(env, Command::NewServer(options))?;
    if let Outcome::Server(id) = made {
        command(env, Command::Tap(Target::Server(id), Some(TAP)))?;
    }
    given(env, made)
}

/// A context for the turns of a socket or server that has got a handle.
fn context(env: Env, args: &[napi_value]) -> Given {
    let (target, name) = match env.flag(args[1]) {
        false => (Target::Socket(socket_id(env.f64(args[0]))), "NETFOLDSOCKET"),
        true => (Target::Server(server_id(env.f64(args[0]))), "NETFOLDSERVER"),
    };
    let mut made = std::ptr::null_mut();
    api!(napi_async_init(env.0, args[2], env.text(name), &mut made));
    if let Some(old) = host(|h| h.enter(target, made)) {
        api!(napi_async_destroy(env.0, old));
    }
    Ok(env.undefined())
}

/// The number of the interface that an address's zone names.
fn scope(env: Env, host: napi_value) -> u32 {
    let Some(host) = env.maybe_string(host) else { return 0 };
    let zone = ip_and_zone(&host).and_then(|(_, zone)| zone);
    zone.map_or(0, host_interface)
}

fn host_interface(zone: &str) -> u32 {
    host(|h| netfold::Host::interface(&h.kernel, zone))
}

fn connect_host(env: Env, args: &[napi_value]) -> Given {
    let options = HostOptions {
        host: env.maybe_string(args[1]),
        port: env.maybe(args[2]).map(|port| port as i64),
        family: env.maybe(args[3]).map_or(0, |family| family as u8),
        hints: env.maybe(args[4]).map_or(0, |hints| hints as u32),
        custom_lookup: true,
        local_address: env.maybe_string(args[5]),
        local_port: env.maybe(args[6]).map(|port| port as i64),
        scope: scope(env, args[1]),
        local_scope: scope(env, args[5]),
        auto_select_family: Some(env.flag(args[7])),
        attempt_timeout: env.maybe(args[8]).map(|ms| ms as i64),
    };
    unit(env, Command::Connect(socket_id(env.f64(args[0])), ConnectTo::Host(options)))
}

fn connect_path(env: Env, args: &[napi_value]) -> Given {
    unit(env, Command::Connect(socket_id(env.f64(args[0])), ConnectTo::Path(env.string(args[1]))))
}

/// Storage that Node sets aside for a short text, in bytes.
const SHORT_STORAGE: usize = 16 * 1024;

/// A chunk: bytes, text in an encoding that is encoded here, or text that was made bytes of already, with its length.
fn chunk(env: Env, data: napi_value, encoding: napi_value) -> Chunk {
    if !env.is_text(data) {
        let bytes = env.bytes(data);
        let text = env.maybe(encoding).map(|units| Text { units: units as u32, short: false });
        return Chunk { bytes, text };
    }
    let units = env.units(data);
    let (bytes, storage) = match Encoding::from_name(&env.string(encoding)).unwrap_or_default() {
        Encoding::Utf16le => (env.utf16(data), 2 * units),
        Encoding::Latin1 | Encoding::Ascii => (env.latin1(data), units),
        _ => (env.utf8(data), 3 * units),
    };
    Chunk { bytes: Bytes::from(bytes), text: Some(Text { units: units as u32, short: storage <= SHORT_STORAGE }) }
}

fn callback(env: Env, value: napi_value) -> Option<CallbackId> {
    env.maybe(value).map(|id| CallbackId(id as u32))
}

fn write(env: Env, args: &[napi_value]) -> Given {
    let chunk = chunk(env, args[1], args[2]);
    unit(env, Command::Write(socket_id(env.f64(args[0])), chunk, callback(env, args[3])))
}

/// `write` of a Buffer, without a callback.
fn write_bytes(env: Env, args: &[napi_value]) -> Given {
    let chunk = Chunk { bytes: env.bytes(args[0]), text: None };
    unit(env, Command::Write(socket_id(host(|h| h.mail.writes())), chunk, None))
}

fn end(env: Env, args: &[napi_value]) -> Given {
    let chunk = match env.kind(args[1]) {
        ValueType::napi_undefined | ValueType::napi_null => None,
        _ => Some(chunk(env, args[1], args[2])),
    };
    unit(env, Command::End(socket_id(env.f64(args[0])), chunk, callback(env, args[3])))
}

fn destroy(env: Env, args: &[napi_value]) -> Given {
    let error = match env.kind(args[1]) {
        ValueType::napi_object => {
            Some(env.user_error(args[1], env.maybe_string(args[2]), env.maybe_string(args[3]).unwrap_or_default()))
        }
        _ => None,
    };
    unit(env, Command::Destroy(socket_id(env.f64(args[0])), error))
}

fn read(env: Env, args: &[napi_value]) -> Given {
    unit(env, Command::Read(socket_id(env.f64(args[0])), env.maybe(args[1]).map(|n| n as u32)))
}

fn set_encoding(env: Env, args: &[napi_value]) -> Given {
    let encoding = Encoding::from_name(&env.string(args[1])).unwrap_or_default();
    unit(env, Command::SetEncoding(socket_id(env.f64(args[0])), encoding, None))
}

fn set_keep_alive(env: Env, args: &[napi_value]) -> Given {
    unit(env, Command::SetKeepAlive(socket_id(env.f64(args[0])), env.flag(args[1]), env.u32(args[2])))
}

fn socket_address(env: Env, args: &[napi_value]) -> Given {
    let side = if env.flag(args[1]) { Side::Remote } else { Side::Local };
    unit(env, Command::Address(socket_id(env.f64(args[0])), side))
}

/// The object of a socket is gone: so is the socket.
fn release(env: Env, args: &[napi_value]) -> Given {
    let id = socket_id(env.f64(args[0]));
    host(|h| h.loops.frees = true);
    command(env, Command::Destroy(id, None))?;
    unit(env, Command::Release(id))
}

pub(crate) fn target(env: Env, id: napi_value, server: napi_value) -> Target {
    let id = env.f64(id);
    if env.flag(server) { Target::Server(server_id(id)) } else { Target::Socket(socket_id(id)) }
}

pub(crate) fn kind(env: Env, value: napi_value) -> EventKind {
    EventKind::ALL[env.u32(value) as usize]
}

fn on(env: Env, args: &[napi_value]) -> Given {
    let (target, event) = (target(env, args[0], args[1]), kind(env, args[2]));
    let (listener, prepend) = (ListenerId(env.u32(args[3])), env.flag(args[4]));
    unit(env, Command::On { target, event, listener, once: false, prepend })
}

fn off(env: Env, args: &[napi_value]) -> Given {
    let (target, event) = (target(env, args[0], args[1]), kind(env, args[2]));
    unit(env, Command::Off { target, event, listener: ListenerId(env.u32(args[3])) })
}

fn remove_all(env: Env, args: &[napi_value]) -> Given {
    let event = env.maybe(args[2]).map(|at| EventKind::ALL[at as usize]);
    unit(env, Command::RemoveAll(target(env, args[0], args[1]), event))
}

fn listen_port(env: Env, args: &[napi_value]) -> Given {
    let on = ListenOn::Port {
        port: env.f64(args[1]) as i64,
        host: env.maybe_string(args[2]),
        backlog: env.maybe(args[3]).map_or(0, |n| n as u32),
        ipv6_only: env.flag(args[4]),
    };
    let (scope, reuse_port) = (scope(env, args[2]), env.flag(args[5]));
    let options = ListenOptions { reuse_port, scope, ..ListenOptions::default() };
    listen(env, args[0], on, options)
}

fn listen_path(env: Env, args: &[napi_value]) -> Given {
    let on = ListenOn::Path { path: env.string(args[1]), backlog: env.maybe(args[2]).map_or(0, |n| n as u32) };
    let (readable_all, writable_all) = (env.flag(args[3]), env.flag(args[4]));
    listen(env, args[0], on, ListenOptions { readable_all, writable_all, ..ListenOptions::default() })
}

fn listen(env: Env, server: napi_value, on: ListenOn, options: ListenOptions) -> Given {
    let id = server_id(env.f64(server));
    let plain = options == ListenOptions::default();
    unit(env, if plain { Command::Listen(id, on) } else { Command::ListenWith(id, on, options) })
}

/// A descriptor by its number. It is the server's from here on if it can listen on it, and stays the user's if not.
fn listen_fd(env: Env, args: &[napi_value]) -> Given {
    let number = env.f64(args[1]) as i32;
    // SAFETY: it is the user who says that this number is a descriptor of theirs to give away, as in Node.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    let theirs = number <= LAST_STDIO || host(|h| h.kernel.has_fd(number));
    let fd = if theirs { copy(fd) } else { fd };
    let (key, kind) = host(|h| {
        let key = h.kernel.hand_in_listener(fd);
        (key, h.kernel.handed_kind(key))
    });
    let backlog = env.maybe(args[2]).map_or(0, |n| n as u32);
    let listened = listen(env, args[0], ListenOn::Fd { key, kind, backlog }, ListenOptions::default());
    if let Some(fd) = host(|h| h.kernel.take_back(key)) {
        let _still_theirs = fd.into_raw_fd();
    }
    listened
}

fn get_connections(env: Env, args: &[napi_value]) -> Given {
    unit(env, Command::GetConnections(server_id(env.f64(args[0])), CallbackId(env.u32(args[1]))))
}

fn set_max_connections(env: Env, args: &[napi_value]) -> Given {
    unit(env, Command::SetMaxConnections(server_id(env.f64(args[0])), env.f64(args[1]) as i64))
}

/// The addresses that a lookup gave: a list of `address, family, address, family, ..`, and how many there are.
fn answer(env: Env, args: &[napi_value]) -> Given {
    let item = |at: u32| {
        let mut value = std::ptr::null_mut();
        api!(napi_get_element(env.0, args[1], at, &mut value));
        value
    };
    let list = (0..env.u32(args[2])).map(|at| (env.string(item(2 * at)), env.u32(item(2 * at + 1)))).collect();
    unit(env, Command::AnswerText(lookup_id(env.f64(args[0])), list))
}

fn answer_error(env: Env, args: &[napi_value]) -> Given {
    let error = env.user_error(args[1], env.maybe_string(args[2]), env.maybe_string(args[3]).unwrap_or_default());
    unit(env, Command::AnswerError(lookup_id(env.f64(args[0])), error))
}

/// The user has the object of a handle: its number. Nothing if there is no handle.
fn watch(env: Env, args: &[napi_value]) -> Given {
    let target = target(env, args[0], args[1]);
    let handle = host(|h| {
        let core = h.machine.core();
        let handle = match target {
            Target::Socket(socket) => core.handle_of(socket),
            Target::Server(server) => core.handle_of_server(server),
        }?;
        h.watched.insert(handle);
        Some(handle)
    });
    Ok(handle.map_or_else(|| env.null(), |handle| env.number(pack(handle.slot(), handle.generation()))))
}

/// The number of a handle's descriptor, -1 if it has none.
fn descriptor(env: Env, args: &[napi_value]) -> Given {
    let id = handle_id(env.f64(args[0]));
    Ok(env.number(host(|h| h.kernel.fd(id).map_or(-1.0, |fd| f64::from(fd.as_raw_fd())))))
}

/// Another descriptor for what a handle is on: its number, or nothing.
fn duplicate(env: Env, args: &[napi_value]) -> Given {
    let id = handle_id(env.f64(args[0]));
    let copy = host(|h| h.kernel.fd(id).and_then(|fd| fd.try_clone_to_owned().ok()));
    Ok(copy.map_or_else(|| env.undefined(), |fd| env.number(f64::from(fd.into_raw_fd()))))
}

/// Sets an option of a handle: with a delay in seconds it is the keep-alive, without one the delay of small writes.
fn set_option(env: Env, args: &[napi_value]) -> Given {
    let (handle, on) = (handle_id(env.f64(args[0])), env.flag(args[1]));
    host(|h| match env.maybe(args[2]) {
        Some(delay) => h.kernel.set_keep_alive(handle, on, delay as u32),
        None => h.kernel.set_no_delay(handle, on),
    });
    Ok(env.undefined())
}

/// What a handle is, in JavaScript.
pub(crate) const fn kind_name(kind: HandleKind) -> &'static str {
    match kind {
        HandleKind::Tcp => "tcp",
        HandleKind::Pipe => "pipe",
    }
}
