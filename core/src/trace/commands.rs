//! How commands are written.

use super::codec::{Cursor, Malformed, put_id, put_number, put_option, put_signed, put_text};
use super::failure::{error, put_error};
use super::input::{Source, answer, put_answer};
use super::options::{
    block_list, connect_to, listen_on, listen_options, put_block_list, put_connect_to, put_listen_on,
    put_listen_options, put_socket_options, socket_options,
};
use super::payload::{Keep, Payload};
use super::sheet::{Out, Short};
use super::tags;
use crate::call::HandleKind;
use crate::command::{Chunk, Command, Emitted, HandedIn, ServerOptions, Side, Text};
use crate::id::{CallbackId, ConnKey, ListenerId, SocketId};
use crate::step::{EventKind, Target};
use crate::text::Encoding;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bytes::Bytes;

mod tag {
    pub(super) const NEW_SOCKET: u8 = 1;
    pub(super) const NEW_SERVER: u8 = 2;
    pub(super) const CONNECT: u8 = 3;
    pub(super) const WRITE: u8 = 4;
    pub(super) const CORK: u8 = 5;
    pub(super) const UNCORK: u8 = 6;
    pub(super) const END: u8 = 7;
    pub(super) const DESTROY: u8 = 8;
    pub(super) const DESTROY_SOON: u8 = 9;
    pub(super) const RESET_AND_DESTROY: u8 = 10;
    pub(super) const PAUSE: u8 = 11;
    pub(super) const RESUME: u8 = 12;
    pub(super) const READ: u8 = 13;
    pub(super) const SET_TIMEOUT: u8 = 14;
    pub(super) const SET_NO_DELAY: u8 = 15;
    pub(super) const SET_KEEP_ALIVE: u8 = 16;
    pub(super) const REF: u8 = 17;
    pub(super) const ADDRESS: u8 = 18;
    pub(super) const RETAIN: u8 = 19;
    pub(super) const RELEASE: u8 = 20;
    pub(super) const DETACH: u8 = 21;
    pub(super) const ON: u8 = 22;
    pub(super) const OFF: u8 = 23;
    pub(super) const REMOVE_ALL: u8 = 24;
    pub(super) const LISTEN: u8 = 25;
    pub(super) const CLOSE_SERVER: u8 = 26;
    pub(super) const SERVER_ADDRESS: u8 = 27;
    pub(super) const GET_CONNECTIONS: u8 = 28;
    pub(super) const SET_MAX_CONNECTIONS: u8 = 29;
    pub(super) const REF_SERVER: u8 = 30;
    pub(super) const RELEASE_SERVER: u8 = 31;
    pub(super) const ANSWER: u8 = 32;
    pub(super) const START_TIMER: u8 = 33;
    pub(super) const CANCEL_TIMER: u8 = 34;
    pub(super) const REFRESH_TIMER: u8 = 35;
    pub(super) const REF_TIMER: u8 = 36;
    pub(super) const SET_ENCODING: u8 = 37;
    pub(super) const ON_READ: u8 = 38;
    pub(super) const STOP_READING: u8 = 39;
    pub(super) const EMIT: u8 = 40;
    pub(super) const ANSWER_TEXT: u8 = 41;
    pub(super) const NEW_SOCKET_OF: u8 = 45;
    pub(super) const NEW_SERVER_OF: u8 = 46;
    pub(super) const HANDED_IN: u8 = 47;
    pub(super) const SET_TYPE_OF_SERVICE: u8 = 48;
    pub(super) const TYPE_OF_SERVICE: u8 = 49;
    pub(super) const LISTEN_WITH: u8 = 50;
    pub(super) const SET_BLOCK_LIST: u8 = 51;
    /// A number that the older form has no room for.
    pub(super) const SET_MAX_CONNECTIONS_SIGNED: u8 = 52;
    pub(super) const TAP: u8 = 60;
    pub(super) const ANSWER_ERROR: u8 = 61;
    pub(super) const DROP_HANDLE: u8 = 62;
    pub(super) const UNSHIFT: u8 = 63;
    pub(super) const SET_FLOWING: u8 = 64;
    pub(super) const HANDLE_READS: u8 = 65;
}

pub(crate) fn put_command(out: &mut Vec<u8>, command: &Command, written: Payload) {
    match command {
        Command::Write(s, chunk, callback) => put_write(out, *s, chunk, *callback, written.keep(&chunk.bytes)),
        Command::NewSocket(options) => {
            let old = options.is_of_version_1();
            out.push(if old { tag::NEW_SOCKET } else { tag::NEW_SOCKET_OF });
            put_socket_options(out, options, old);
        }
        Command::NewServer(ServerOptions { socket, pause_on_connect }) => {
            let old = socket.is_of_version_1();
            out.push(if old { tag::NEW_SERVER } else { tag::NEW_SERVER_OF });
            put_socket_options(out, socket, old);
            out.push(u8::from(*pause_on_connect));
        }
        Command::HandedIn(options, HandedIn { conn, kind, writable, on_read }) => {
            out.push(tag::HANDED_IN);
            put_socket_options(out, options, false);
            put_number(out, conn.0);
            out.push(u8::from(*kind == HandleKind::Pipe));
            out.push(u8::from(*writable));
            put_option(out, *on_read, |out, size| put_number(out, u64::from(size)));
        }
        Command::SetTypeOfService(s, tos) => {
            named(out, tag::SET_TYPE_OF_SERVICE, *s);
            out.push(*tos);
        }
        Command::TypeOfService(s) => named(out, tag::TYPE_OF_SERVICE, *s),
        Command::Connect(s, to) => {
            out.push(tag::CONNECT);
            put_id(out, *s);
            put_connect_to(out, to);
        }
        Command::Cork(s) => named(out, tag::CORK, *s),
        Command::Uncork(s) => named(out, tag::UNCORK, *s),
        Command::End(s, chunk, callback) => {
            out.push(tag::END);
            put_id(out, *s);
            put_option(out, chunk.as_ref(), |out, chunk| put_chunk(out, chunk, written));
            put_option(out, callback.as_ref(), put_callback);
        }
        Command::Destroy(s, error) => {
            out.push(tag::DESTROY);
            put_id(out, *s);
            put_option(out, error.as_deref(), put_error);
        }
        Command::DestroySoon(s) => named(out, tag::DESTROY_SOON, *s),
        Command::ResetAndDestroy(s) => named(out, tag::RESET_AND_DESTROY, *s),
        Command::Pause(s) => named(out, tag::PAUSE, *s),
        Command::Resume(s) => named(out, tag::RESUME, *s),
        Command::Read(s, n) => {
            out.push(tag::READ);
            put_id(out, *s);
            put_option(out, *n, |out, n| put_number(out, u64::from(n)));
        }
        Command::SetTimeout(s, ms) => {
            out.push(tag::SET_TIMEOUT);
            put_id(out, *s);
            put_float(out, *ms);
        }
        Command::SetNoDelay(s, on) => switched(out, tag::SET_NO_DELAY, *s, *on),
        Command::SetKeepAlive(s, on, delay) => {
            switched(out, tag::SET_KEEP_ALIVE, *s, *on);
            put_number(out, u64::from(*delay));
        }
        Command::Ref(s, on) => switched(out, tag::REF, *s, *on),
        Command::Address(s, side) => switched(out, tag::ADDRESS, *s, *side == Side::Remote),
        Command::Retain(s) => named(out, tag::RETAIN, *s),
        Command::Release(s) => named(out, tag::RELEASE, *s),
        Command::Detach(s) => named(out, tag::DETACH, *s),
        Command::On { target, event, listener, once, prepend } => {
            out.push(tag::ON);
            put_target(out, *target);
            out.push(tags::event(*event));
            put_number(out, u64::from(listener.0));
            out.push(u8::from(*once));
            out.push(u8::from(*prepend));
        }
        Command::Off { target, event, listener } => {
            out.push(tag::OFF);
            put_target(out, *target);
            out.push(tags::event(*event));
            put_number(out, u64::from(listener.0));
        }
        Command::RemoveAll(target, event) => {
            out.push(tag::REMOVE_ALL);
            put_target(out, *target);
            put_option(out, *event, |out, event| out.push(tags::event(event)));
        }
        Command::Listen(s, on) => {
            out.push(tag::LISTEN);
            put_id(out, *s);
            put_listen_on(out, on);
        }
        Command::ListenWith(s, on, more) => {
            out.push(tag::LISTEN_WITH);
            put_id(out, *s);
            put_listen_on(out, on);
            put_listen_options(out, *more);
        }
        Command::CloseServer(s, listener) => {
            out.push(tag::CLOSE_SERVER);
            put_id(out, *s);
            put_option(out, *listener, |out, listener| put_number(out, u64::from(listener.0)));
        }
        Command::ServerAddress(s) => named(out, tag::SERVER_ADDRESS, *s),
        Command::GetConnections(s, callback) => {
            out.push(tag::GET_CONNECTIONS);
            put_id(out, *s);
            put_callback(out, callback);
        }
        Command::SetMaxConnections(s, n) => match u32::try_from(*n) {
            Ok(n) => {
                named(out, tag::SET_MAX_CONNECTIONS, *s);
                put_number(out, u64::from(n));
            }
            Err(_) => {
                named(out, tag::SET_MAX_CONNECTIONS_SIGNED, *s);
                put_signed(out, *n);
            }
        },
        Command::SetBlockList(target, list) => {
            out.push(tag::SET_BLOCK_LIST);
            put_target(out, *target);
            put_option(out, list.as_deref(), put_block_list);
        }
        Command::RefServer(s, on) => switched(out, tag::REF_SERVER, *s, *on),
        Command::ReleaseServer(s) => named(out, tag::RELEASE_SERVER, *s),
        Command::Answer(lookup, answer) => {
            out.push(tag::ANSWER);
            put_id(out, *lookup);
            put_answer(out, answer);
        }
        Command::AnswerText(lookup, addresses) => {
            out.push(tag::ANSWER_TEXT);
            put_id(out, *lookup);
            put_number(out, addresses.len() as u64);
            for (address, family) in addresses {
                put_text(out, address);
                put_number(out, u64::from(*family));
            }
        }
        Command::DropHandle(s) => named(out, tag::DROP_HANDLE, *s),
        Command::Unshift(s, chunk) => {
            named(out, tag::UNSHIFT, *s);
            put_chunk(out, chunk, written);
        }
        Command::SetFlowing(s, flowing) => {
            named(out, tag::SET_FLOWING, *s);
            put_option(out, *flowing, |out, flowing| out.push(u8::from(flowing)));
        }
        Command::HandleReads(s, on) => {
            named(out, tag::HANDLE_READS, *s);
            out.push(u8::from(*on));
        }
        Command::AnswerError(lookup, error) => {
            named(out, tag::ANSWER_ERROR, *lookup);
            put_error(out, error);
        }
        Command::Tap(target, listener) => {
            out.push(tag::TAP);
            put_target(out, *target);
            put_option(out, *listener, |out, listener| put_number(out, u64::from(listener.0)));
        }
        Command::StartTimer { ms, repeat } => {
            out.push(tag::START_TIMER);
            put_float(out, *ms);
            out.push(u8::from(*repeat));
        }
        Command::CancelTimer(t) => named(out, tag::CANCEL_TIMER, *t),
        Command::RefreshTimer(t) => named(out, tag::REFRESH_TIMER, *t),
        Command::RefTimer(t, on) => switched(out, tag::REF_TIMER, *t, *on),
        Command::OnRead(s, size) => {
            named(out, tag::ON_READ, *s);
            put_number(out, u64::from(*size));
        }
        Command::Emit(s, what) => {
            named(out, tag::EMIT, *s);
            match what {
                Emitted::Pipe(source) => named(out, 1, *source),
                Emitted::Unpipe(source) => named(out, 2, *source),
                Emitted::Error(error) => {
                    out.push(3);
                    put_error(out, error);
                }
            }
        }
        Command::StopReading(s) => named(out, tag::STOP_READING, *s),
        Command::SetEncoding(s, encoding, units) => {
            named(out, tag::SET_ENCODING, *s);
            out.push(tags::encoding(*encoding));
            put_option(out, *units, |out, units| put_number(out, u64::from(units)));
        }
    }
}

fn named(out: &mut Vec<u8>, tag: u8, id: impl crate::id::Id) {
    out.push(tag);
    put_id(out, id);
}

fn switched(out: &mut Vec<u8>, tag: u8, id: impl crate::id::Id, on: bool) {
    named(out, tag, id);
    out.push(u8::from(on));
}

fn put_float(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(&number.to_bits().to_le_bytes());
}

fn put_callback(out: &mut Vec<u8>, callback: &CallbackId) {
    put_number(out, u64::from(callback.0));
}

/// [`Command::Write`]
#[inline]
pub(crate) fn put_write(
    out: &mut impl Out,
    socket: SocketId,
    chunk: &Chunk,
    callback: Option<CallbackId>,
    keep: Keep<'_>,
) {
    let mut short = out.room();
    short.byte(tag::WRITE);
    short.id(socket);
    short.payload(chunk.bytes.len(), keep);
    let mut len = short.len();
    if let Some(stored) = keep.stored(&chunk.bytes) {
        out.put(len);
        out.bytes(stored);
        short = out.room();
    }
    put_text_of(&mut short, chunk);
    short.option(callback, |short, callback| short.number(u64::from(callback.0)));
    len = short.len();
    out.put(len);
}

fn put_chunk(out: &mut Vec<u8>, chunk: &Chunk, policy: Payload) {
    let keep = policy.keep(&chunk.bytes);
    let mut short = out.room();
    short.payload(chunk.bytes.len(), keep);
    let len = short.len();
    out.put(len);
    out.bytes(keep.stored(&chunk.bytes).unwrap_or_default());
    let mut short = out.room();
    put_text_of(&mut short, chunk);
    let len = short.len();
    out.put(len);
}

#[inline(always)]
fn put_text_of(short: &mut Short<'_>, chunk: &Chunk) {
    short.option(chunk.text, |short, Text { units, short: is_short }| {
        short.number(u64::from(units));
        short.byte(u8::from(is_short));
    });
}

fn put_target(out: &mut Vec<u8>, target: Target) {
    match target {
        Target::Socket(id) => named(out, 1, id),
        Target::Server(id) => named(out, 2, id),
    }
}

pub(crate) fn command(from: &mut Cursor<'_>, source: &mut Source<'_>) -> Result<Command, Malformed> {
    Ok(match from.byte()? {
        tag::WRITE => Command::Write(from.id()?, chunk(from, source)?, from.option(callback)?),
        tag::NEW_SOCKET => Command::NewSocket(socket_options(from, true)?),
        tag::NEW_SOCKET_OF => Command::NewSocket(socket_options(from, false)?),
        tag::NEW_SERVER => {
            Command::NewServer(ServerOptions { socket: socket_options(from, true)?, pause_on_connect: from.flag()? })
        }
        tag::NEW_SERVER_OF => {
            Command::NewServer(ServerOptions { socket: socket_options(from, false)?, pause_on_connect: from.flag()? })
        }
        tag::HANDED_IN => {
            let options = socket_options(from, false)?;
            let conn = ConnKey(from.number()?);
            let kind = if from.flag()? { HandleKind::Pipe } else { HandleKind::Tcp };
            let (writable, on_read) = (from.flag()?, from.option(Cursor::u32)?);
            Command::HandedIn(options, HandedIn { conn, kind, writable, on_read })
        }
        tag::SET_TYPE_OF_SERVICE => Command::SetTypeOfService(from.id()?, from.byte()?),
        tag::TYPE_OF_SERVICE => Command::TypeOfService(from.id()?),
        tag::CONNECT => Command::Connect(from.id()?, connect_to(from)?),
        tag::CORK => Command::Cork(from.id()?),
        tag::UNCORK => Command::Uncork(from.id()?),
        tag::END => Command::End(from.id()?, from.option(|from| chunk(from, source))?, from.option(callback)?),
        tag::DESTROY => Command::Destroy(from.id()?, from.option(error)?),
        tag::DESTROY_SOON => Command::DestroySoon(from.id()?),
        tag::RESET_AND_DESTROY => Command::ResetAndDestroy(from.id()?),
        tag::PAUSE => Command::Pause(from.id()?),
        tag::RESUME => Command::Resume(from.id()?),
        tag::READ => Command::Read(from.id()?, from.option(Cursor::u32)?),
        tag::SET_TIMEOUT => Command::SetTimeout(from.id()?, float(from)?),
        tag::SET_NO_DELAY => Command::SetNoDelay(from.id()?, from.flag()?),
        tag::SET_KEEP_ALIVE => Command::SetKeepAlive(from.id()?, from.flag()?, from.u32()?),
        tag::REF => Command::Ref(from.id()?, from.flag()?),
        tag::ADDRESS => Command::Address(from.id()?, if from.flag()? { Side::Remote } else { Side::Local }),
        tag::RETAIN => Command::Retain(from.id()?),
        tag::RELEASE => Command::Release(from.id()?),
        tag::DETACH => Command::Detach(from.id()?),
        tag::ON => Command::On {
            target: target(from)?,
            event: event(from)?,
            listener: ListenerId(from.u32()?),
            once: from.flag()?,
            prepend: from.flag()?,
        },
        tag::OFF => Command::Off { target: target(from)?, event: event(from)?, listener: ListenerId(from.u32()?) },
        tag::REMOVE_ALL => Command::RemoveAll(target(from)?, from.option(event)?),
        tag::LISTEN => Command::Listen(from.id()?, listen_on(from)?),
        tag::LISTEN_WITH => Command::ListenWith(from.id()?, listen_on(from)?, listen_options(from)?),
        tag::CLOSE_SERVER => Command::CloseServer(from.id()?, from.option(|from| from.u32().map(ListenerId))?),
        tag::TAP => Command::Tap(target(from)?, from.option(|from| from.u32().map(ListenerId))?),
        tag::DROP_HANDLE => Command::DropHandle(from.id()?),
        tag::UNSHIFT => {
            let id = from.id()?;
            let bytes = source.read_payload(from)?;
            Command::Unshift(id, told_as(bytes, from)?)
        }
        tag::SET_FLOWING => Command::SetFlowing(from.id()?, from.option(Cursor::flag)?),
        tag::HANDLE_READS => Command::HandleReads(from.id()?, from.flag()?),
        tag::ANSWER_ERROR => Command::AnswerError(from.id()?, error(from)?),
        tag::SERVER_ADDRESS => Command::ServerAddress(from.id()?),
        tag::GET_CONNECTIONS => Command::GetConnections(from.id()?, callback(from)?),
        tag::SET_MAX_CONNECTIONS => Command::SetMaxConnections(from.id()?, i64::from(from.u32()?)),
        tag::SET_MAX_CONNECTIONS_SIGNED => Command::SetMaxConnections(from.id()?, from.signed()?),
        tag::SET_BLOCK_LIST => Command::SetBlockList(target(from)?, from.option(block_list)?.map(Arc::new)),
        tag::REF_SERVER => Command::RefServer(from.id()?, from.flag()?),
        tag::RELEASE_SERVER => Command::ReleaseServer(from.id()?),
        tag::ANSWER => Command::Answer(from.id()?, answer(from)?),
        tag::ANSWER_TEXT => Command::AnswerText(from.id()?, texts(from)?),
        tag::START_TIMER => Command::StartTimer { ms: float(from)?, repeat: from.flag()? },
        tag::CANCEL_TIMER => Command::CancelTimer(from.id()?),
        tag::REFRESH_TIMER => Command::RefreshTimer(from.id()?),
        tag::REF_TIMER => Command::RefTimer(from.id()?, from.flag()?),
        tag::ON_READ => Command::OnRead(from.id()?, from.u32()?),
        tag::STOP_READING => Command::StopReading(from.id()?),
        tag::EMIT => Command::Emit(
            from.id()?,
            match from.byte()? {
                1 => Emitted::Pipe(from.id()?),
                2 => Emitted::Unpipe(from.id()?),
                3 => Emitted::Error(error(from)?),
                _ => return Err("nothing that is emitted"),
            },
        ),
        tag::SET_ENCODING => Command::SetEncoding(from.id()?, encoding(from)?, from.option(Cursor::u32)?),
        _ => return Err("an unknown command"),
    })
}

fn float(from: &mut Cursor<'_>) -> Result<f64, Malformed> {
    Ok(f64::from_bits(u64::from_le_bytes(from.array()?)))
}

fn callback(from: &mut Cursor<'_>) -> Result<CallbackId, Malformed> {
    from.u32().map(CallbackId)
}

fn chunk(from: &mut Cursor<'_>, source: &mut Source<'_>) -> Result<Chunk, Malformed> {
    let bytes = source.payload(from)?;
    told_as(bytes, from)
}

fn told_as(bytes: Bytes, from: &mut Cursor<'_>) -> Result<Chunk, Malformed> {
    let text = from.option(|from| Ok::<_, Malformed>(Text { units: from.u32()?, short: from.flag()? }))?;
    Ok(Chunk { bytes, text })
}

fn encoding(from: &mut Cursor<'_>) -> Result<Encoding, Malformed> {
    tags::encoding_from(from.byte()?).ok_or("an unknown encoding")
}

fn event(from: &mut Cursor<'_>) -> Result<EventKind, Malformed> {
    tags::event_from(from.byte()?).ok_or("an unknown event")
}

fn target(from: &mut Cursor<'_>) -> Result<Target, Malformed> {
    Ok(match from.byte()? {
        1 => Target::Socket(from.id()?),
        2 => Target::Server(from.id()?),
        _ => return Err("neither a socket nor a server"),
    })
}

fn texts(from: &mut Cursor<'_>) -> Result<Vec<(String, u32)>, Malformed> {
    let mut addresses = Vec::new();
    for _ in 0..from.number()? {
        // The count is not believed: each address is at least two bytes of the file.
        addresses.push((from.string()?, from.u32()?));
    }
    Ok(addresses)
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::payload::Zeros;
    use super::*;
    use crate::block_list::BlockList;
    use crate::command::{ConnectTo, DEFAULT_HIGH_WATER_MARK, HostOptions, ListenOn, ListenOptions, SocketOptions};
    use crate::errno::LookupCode;
    use crate::error::NodeError;
    use crate::id::{FdKey, LookupId, ServerId, SocketId, TimerId};
    use bytes::Bytes;
    use core::net::IpAddr;

    fn back(given: &Command) -> Command {
        let mut out = Vec::new();
        put_command(&mut out, given, Payload::Full);
        let file = Bytes::from(out);
        let mut source = Source { file: &file, zeros: &mut Zeros::new(100), stored: None };
        let mut cursor = Cursor::new(&file);
        let read = command(&mut cursor, &mut source).unwrap();
        assert!(cursor.is_empty(), "{given:?}");
        for cut in 0..file.len() {
            assert!(command(&mut Cursor::new(&file[..cut]), &mut source).is_err(), "{given:?} cut at {cut}");
        }
        read
    }

    pub(in super::super) fn every_command() -> Vec<Command> {
        let s = SocketId::from_parts(300, u32::MAX);
        let v = ServerId::from_parts(u32::MAX, 1);
        let t = TimerId::from_parts(2, 128);
        let lookup = LookupId::from_parts(3, 4);
        let options = SocketOptions {
            allow_half_open: true,
            high_water_mark: Some(u32::MAX),
            no_delay: false,
            keep_alive: true,
            keep_alive_delay: 1000,
            ..SocketOptions::default()
        };
        let sides = SocketOptions {
            high_water_mark: Some(DEFAULT_HIGH_WATER_MARK),
            readable_high_water_mark: Some(0),
            writable: false,
            ..options
        };
        let given = HandedIn { conn: ConnKey(u64::MAX), kind: HandleKind::Tcp, writable: true, on_read: None };
        let fifo = HandedIn { kind: HandleKind::Pipe, writable: false, on_read: Some(u32::MAX), ..given };
        let host = HostOptions {
            host: Some(String::from("b\u{fc}cher.example")),
            port: Some(-1),
            family: 6,
            hints: 1 << 30,
            custom_lookup: true,
            local_address: Some(String::new()),
            local_port: Some(i64::MIN),
            scope: 0,
            local_scope: 0,
            auto_select_family: Some(false),
            attempt_timeout: None,
        };
        let eyes = HostOptions { auto_select_family: Some(true), attempt_timeout: Some(-1), ..host.clone() };
        let mut blocked = BlockList::new();
        blocked.add_address("1.2.3.4").unwrap();
        blocked.add_range("::1".parse::<IpAddr>().unwrap(), "::ff".parse::<IpAddr>().unwrap()).unwrap();
        blocked.add_subnet("10.0.0.0", 8).unwrap();
        let more = |reuse_port, readable_all, writable_all| {
            let scope = if reuse_port { u32::MAX } else { 0 };
            ListenOptions { reuse_port, readable_all, writable_all, scope }
        };
        let path = || String::from("\0abstract");
        let bytes = Chunk::from(Bytes::from_static(b"some bytes"));
        let text = Chunk { bytes: Bytes::from_static(b"t"), text: Some(Text { units: u32::MAX, short: true }) };
        let error = Arc::new(NodeError::user("why"));
        let listener = ListenerId(u32::MAX);
        let mut all = alloc::vec![
            Command::NewSocket(options),
            Command::NewServer(ServerOptions { socket: options, pause_on_connect: true }),
            Command::NewSocket(sides),
            Command::NewServer(ServerOptions { socket: sides, pause_on_connect: false }),
            Command::HandedIn(options, given),
            Command::HandedIn(sides, fifo),
            Command::SetTypeOfService(s, 255),
            Command::TypeOfService(s),
            Command::Connect(s, ConnectTo::Host(host)),
            Command::Connect(s, ConnectTo::Host(HostOptions::default())),
            Command::Connect(s, ConnectTo::Host(HostOptions { scope: 1, local_scope: u32::MAX, ..eyes.clone() })),
            Command::Connect(s, ConnectTo::Host(eyes)),
            Command::Connect(s, ConnectTo::Path(path())),
            Command::Write(s, bytes.clone(), Some(CallbackId(u32::MAX))),
            Command::Write(s, text.clone(), None),
            Command::Cork(s),
            Command::Uncork(s),
            Command::End(s, Some(text.clone()), Some(CallbackId(0))),
            Command::End(s, None, None),
            Command::Destroy(s, Some(error.clone())),
            Command::Destroy(s, None),
            Command::DestroySoon(s),
            Command::ResetAndDestroy(s),
            Command::Pause(s),
            Command::Resume(s),
            Command::Read(s, Some(u32::MAX)),
            Command::Read(s, None),
            Command::SetTimeout(s, -0.5),
            Command::SetNoDelay(s, true),
            Command::SetKeepAlive(s, true, u32::MAX),
            Command::Ref(s, false),
            Command::Address(s, Side::Local),
            Command::Address(s, Side::Remote),
            Command::Retain(s),
            Command::Release(s),
            Command::Detach(s),
            Command::RemoveAll(Target::Socket(s), None),
            Command::Listen(v, ListenOn::Path { path: path(), backlog: 9 }),
            Command::Listen(v, ListenOn::Fd { key: FdKey(u64::MAX), kind: Some(HandleKind::Pipe), backlog: 0 }),
            Command::ListenWith(v, ListenOn::Path { path: path(), backlog: 9 }, more(true, false, true)),
            Command::ListenWith(v, ListenOn::Fd { key: FdKey(1), kind: None, backlog: 0 }, more(false, true, false)),
            Command::Listen(v, ListenOn::Fd { key: FdKey(1), kind: None, backlog: u32::MAX }),
            Command::Listen(v, ListenOn::Port { port: 70_000, host: None, backlog: 1, ipv6_only: true }),
            Command::Listen(v, ListenOn::Port { port: 0, host: Some(path()), backlog: 0, ipv6_only: false }),
            Command::CloseServer(v, Some(listener)),
            Command::CloseServer(v, None),
            Command::ServerAddress(v),
            Command::GetConnections(v, CallbackId(200)),
            Command::SetMaxConnections(v, i64::from(u32::MAX)),
            Command::SetMaxConnections(v, -1),
            Command::SetMaxConnections(v, i64::MAX),
            Command::SetBlockList(Target::Server(v), None),
            Command::SetBlockList(Target::Socket(s), Some(Arc::new(blocked))),
            Command::RefServer(v, true),
            Command::ReleaseServer(v),
            Command::Answer(lookup, Ok(alloc::vec!["1.2.3.4".parse().unwrap(), "::1".parse().unwrap()])),
            Command::Answer(lookup, Ok(Vec::new())),
            Command::Answer(lookup, Err(LookupCode::TooMany)),
            Command::AnswerText(lookup, alloc::vec![(path(), u32::MAX), (String::new(), 0)]),
            Command::StartTimer { ms: f64::INFINITY, repeat: true },
            Command::CancelTimer(t),
            Command::RefreshTimer(t),
            Command::RefTimer(t, false),
            Command::Tap(Target::Socket(s), Some(listener)),
            Command::Tap(Target::Server(v), None),
            Command::AnswerError(lookup, error.clone()),
            Command::DropHandle(s),
            Command::Unshift(s, bytes.clone()),
            Command::Unshift(s, text),
            Command::SetFlowing(s, None),
            Command::SetFlowing(s, Some(true)),
            Command::HandleReads(s, false),
            Command::HandleReads(s, true),
            Command::OnRead(s, u32::MAX),
            Command::StopReading(s),
            Command::Emit(s, Emitted::Pipe(s)),
            Command::Emit(s, Emitted::Unpipe(s)),
            Command::Emit(s, Emitted::Error(error.clone())),
            Command::SetEncoding(s, Encoding::Hex, None),
            Command::SetEncoding(s, Encoding::Utf8, Some(u32::MAX)),
        ];
        for &event in EventKind::ALL {
            let target = Target::Server(v);
            all.push(Command::On { target, event, listener, once: true, prepend: false });
            all.push(Command::On { target: Target::Socket(s), event, listener, once: false, prepend: true });
            all.push(Command::Off { target, event, listener });
            all.push(Command::RemoveAll(target, Some(event)));
        }
        all
    }

    #[test]
    fn every_command_comes_back() {
        let all = every_command();
        for given in &all {
            assert_eq!(back(given), *given);
        }
        let mut tags: Vec<u8> = all
            .iter()
            .map(|command| {
                let mut out = Vec::new();
                put_command(&mut out, command, Payload::Length);
                out[0]
            })
            .collect();
        tags.sort_unstable();
        tags.dedup();
        let in_node = tag::TAP..=tag::HANDLE_READS;
        let known = (1..=tag::ANSWER_TEXT).chain(tag::NEW_SOCKET_OF..=tag::SET_MAX_CONNECTIONS_SIGNED).chain(in_node);
        assert_eq!(tags, known.collect::<Vec<_>>(), "each kind of command is among them");
    }

    #[test]
    fn a_number_that_is_none_comes_back_bit_by_bit() {
        let s = SocketId::from_parts(0, 1);
        let Command::SetTimeout(_, ms) = back(&Command::SetTimeout(s, f64::NAN)) else { panic!() };
        assert_eq!(ms.to_bits(), f64::NAN.to_bits());
    }

    #[test]
    fn every_command_prints_as_one_line() {
        for command in every_command() {
            let line = alloc::format!("{}", super::super::Input::Command(command));
            assert!(!line.is_empty() && !line.contains(char::is_control), "{line:?}");
        }
    }
}
