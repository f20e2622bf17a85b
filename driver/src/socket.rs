//! Node's `net.Socket`, as methods on a small copyable name.

use crate::Server;
use crate::net::{Host, Net};
use crate::options::Connect;
use bytes::Bytes;
use netfold_core::{
    Attempt, CallbackId, Chunk, Command, ConnectTo, Decoder, Encoding, Event, EventKind, ListenerId, LookupAnswer,
    LookupEvent, LookupId, NodeError, Outcome, ReadText, ReadyState, SharedError, Side, SocketId, SocketView, Target,
};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

/// A socket: Node's `net.Socket`. A name, not the thing: copy it at will; the [`Net`] has the socket.
///
/// After 'close' and the turn it was emitted in, the loop forgets the socket, unless it was
/// [retained](Socket::retain) or connects again. It then answers as a destroyed one (rule L17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Socket(pub(crate) SocketId);

/// What can be written: bytes, or text in an encoding (UTF-8 unless said otherwise).
pub trait IntoChunk {
    /// The chunk.
    fn into_chunk(self) -> Chunk;
}

impl IntoChunk for Bytes {
    fn into_chunk(self) -> Chunk {
        self.into()
    }
}

impl IntoChunk for Vec<u8> {
    fn into_chunk(self) -> Chunk {
        Bytes::from(self).into()
    }
}

impl IntoChunk for &[u8] {
    fn into_chunk(self) -> Chunk {
        Bytes::copy_from_slice(self).into()
    }
}

impl<const N: usize> IntoChunk for &[u8; N] {
    fn into_chunk(self) -> Chunk {
        Bytes::copy_from_slice(self).into()
    }
}

impl IntoChunk for &str {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self, Encoding::Utf8)
    }
}

impl IntoChunk for String {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self, Encoding::Utf8)
    }
}

impl IntoChunk for ReadText {
    fn into_chunk(self) -> Chunk {
        Chunk::text(&*self, Encoding::Utf8)
    }
}

impl IntoChunk for (&str, Encoding) {
    fn into_chunk(self) -> Chunk {
        Chunk::text(self.0, self.1)
    }
}

impl IntoChunk for Chunk {
    fn into_chunk(self) -> Chunk {
        self
    }
}

/// An error to destroy a socket with.
pub trait IntoError {
    /// The error.
    fn into_error(self) -> SharedError;
}

impl IntoError for SharedError {
    fn into_error(self) -> SharedError {
        self
    }
}

impl IntoError for NodeError {
    fn into_error(self) -> SharedError {
        Arc::new(self)
    }
}

impl IntoError for &str {
    fn into_error(self) -> SharedError {
        Arc::new(NodeError::user(self))
    }
}

/// A name that user code is asked to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRequest {
    pub(crate) lookup: LookupId,
    /// The name.
    pub host: String,
    /// 4, 6 or 0 for either.
    pub family: u8,
    /// Bits of Node's `dns` module.
    pub hints: u32,
    /// All addresses are wanted, to be tried one after the other (rule C17); else the first one is used.
    pub all: bool,
}

impl LookupRequest {
    /// Answers, at once or later. An answer to a socket that is gone has no effect (rule C7).
    pub fn answer<S, H: Host>(&self, net: &mut Net<S, H>, answer: LookupAnswer) {
        net.certain(Command::Answer(self.lookup, answer));
    }

    /// As [`answer`](Self::answer), with addresses as text and families as numbers. What is no address becomes
    /// `ERR_INVALID_IP_ADDRESS`, what is no family `ERR_INVALID_ADDRESS_FAMILY` (rule C25).
    pub fn answer_text<S, H: Host>(&self, net: &mut Net<S, H>, addresses: &[(&str, u32)]) {
        let addresses = addresses.iter().map(|(address, family)| (address.to_string(), *family)).collect();
        net.command(Command::AnswerText(self.lookup, addresses));
    }
}

macro_rules! listeners {
    ($($(#[$doc:meta])* $on:ident, $kind:ident $(($arg:ident: $ty:ty = $payload:pat => $given:expr))?;)*) => {
        impl Socket {
            $(
                $(#[$doc])*
                pub fn $on<S, H: Host>(
                    self,
                    net: &mut Net<S, H>,
                    listener: impl Fn(&mut Net<S, H>, Socket $(, $ty)?) + 'static,
                ) -> ListenerId {
                    listeners!(@on self, net, listener, $kind $(, $payload => $given)?)
                }
            )*
        }
    };
    (@on $self:ident, $net:ident, $listener:ident, $kind:ident) => {
        $self.on($net, EventKind::$kind, move |net, socket, _| $listener(net, socket))
    };
    (@on $self:ident, $net:ident, $listener:ident, $kind:ident, $payload:pat => $given:expr) => {
        $self.on($net, EventKind::$kind, move |net, socket, event| {
            #[allow(irrefutable_let_patterns)]
            if let $payload = event {
                $listener(net, socket, $given);
            }
        })
    };
}

listeners! {
    /// 'connect': the connection is there (rule C10).
    on_connect, Connect;
    /// 'ready': right after 'connect' (rule C11).
    on_ready, Ready;
    /// 'data': bytes came in. Listening starts the flow (rule R10). With an [encoding](Socket::set_encoding) these are the
    /// UTF-8 of the text; [`on_text`](Socket::on_text) has the text itself.
    on_data, Data(chunk: Bytes = event => bytes_of(event));
    /// 'data' of a socket with an [encoding](Socket::set_encoding). It is a 'data' listener as any: it starts the flow, and
    /// without an encoding what comes is lost to it (rule R19).
    on_text, Data(text: ReadText = Event::Text(text) => text);
    /// 'readable': there is something to [`read`](Socket::read), or the end (rule R11).
    on_readable, Readable;
    /// 'end': the other party ended, and everything was read (rule R6).
    on_end, End;
    /// 'drain': the write buffer is empty again (rule W13).
    on_drain, Drain;
    /// 'finish': everything written and FIN are with the system (rule W21).
    on_finish, Finish;
    /// 'timeout': nothing happened for as long as [`set_timeout`](Socket::set_timeout) said. The socket stays open
    /// (rule M4).
    on_timeout, Timeout;
    /// 'error'; 'close' follows. Without a listener [`Net::run`] returns the error (rules L2 and L3).
    on_error, Error(error: SharedError = Event::Error(error) => error);
    /// 'close': whether by an error; `None` (undefined) when there was no descriptor (rule L2).
    on_close, Close(had_error: Option<bool> = Event::Close(had_error) => had_error);
    /// 'pause' (rule R8)
    on_pause, Pause;
    /// 'resume' (rule R9)
    on_resume, Resume;
    /// 'pipe': a source is piped to it from now on (rule P1).
    on_pipe, Pipe(source: Socket = Event::Pipe(id) => Socket(id));
    /// 'unpipe': a source is not piped to it any more (rule P5).
    on_unpipe, Unpipe(source: Socket = Event::Unpipe(id) => Socket(id));
    /// 'lookup': a name was resolved, or not (rule F8).
    on_lookup, Lookup(lookup: LookupEvent = Event::Lookup(lookup) => *lookup);
    /// 'connectionAttempt': the system is about to be asked for a connection to this address (rule C4).
    on_connection_attempt, ConnectionAttempt(attempt: Attempt = Event::ConnectionAttempt(attempt) => *attempt);
    /// 'connectionAttemptFailed': and why (rules C12 and C22).
    on_connection_attempt_failed, ConnectionAttemptFailed(
        failed: (Attempt, SharedError) = Event::ConnectionAttemptFailed(failed) => *failed);
    /// 'connectionAttemptTimeout': the next address is tried (rule C21).
    on_connection_attempt_timeout, ConnectionAttemptTimeout(
        address: SocketAddr = Event::ConnectionAttemptTimeout(address) => address);
}

#[inline]
fn bytes_of(event: Event) -> Bytes {
    match event {
        Event::Data(bytes) => bytes,
        Event::Text(text) => text.into(),
        _ => Bytes::new(),
    }
}

fn bytes_read(outcome: Outcome) -> Result<Option<Bytes>, SharedError> {
    match outcome {
        Outcome::Threw(error) => Err(error),
        Outcome::Chunk(chunk) => Ok(chunk),
        Outcome::Text(text) => Ok(Some(text.into())),
        _ => Ok(None),
    }
}

fn thrown(outcome: Outcome) -> Result<(), SharedError> {
    match outcome {
        Outcome::Threw(error) => Err(error),
        _ => Ok(()),
    }
}

impl Socket {
    /// The core's id of it.
    pub const fn id(self) -> SocketId {
        self.0
    }

    const fn target(self) -> Target {
        Target::Socket(self.0)
    }

    /// `socket.on(event, listener)` (rule T6)
    pub fn on<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        event: EventKind,
        listener: impl Fn(&mut Net<S, H>, Socket, Event) + 'static,
    ) -> ListenerId {
        self.listen(net, event, false, false, listener)
    }

    /// `socket.once(event, listener)` (rule T6)
    pub fn once<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        event: EventKind,
        listener: impl Fn(&mut Net<S, H>, Socket, Event) + 'static,
    ) -> ListenerId {
        self.listen(net, event, true, false, listener)
    }

    /// `socket.prependListener(event, listener)` (rules R10 and T6)
    pub fn prepend<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        event: EventKind,
        listener: impl Fn(&mut Net<S, H>, Socket, Event) + 'static,
    ) -> ListenerId {
        self.listen(net, event, false, true, listener)
    }

    /// `socket.prependOnceListener(event, listener)` (rule T6)
    pub fn prepend_once<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        event: EventKind,
        listener: impl Fn(&mut Net<S, H>, Socket, Event) + 'static,
    ) -> ListenerId {
        self.listen(net, event, true, true, listener)
    }

    fn listen<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        event: EventKind,
        once: bool,
        prepend: bool,
        listener: impl Fn(&mut Net<S, H>, Socket, Event) + 'static,
    ) -> ListenerId {
        let wrapped = move |net: &mut Net<S, H>, target: Target, event: Event| {
            if let Target::Socket(id) = target {
                listener(net, Socket(id), event);
            }
        };
        net.listen_to(self.target(), event, once, prepend, Rc::new(wrapped))
    }

    /// `socket.removeListener(event, listener)`. An emission under way still calls it, as in Node (rule T6).
    pub fn off<S, H: Host>(self, net: &mut Net<S, H>, listener: ListenerId) {
        net.stop_listening(self.target(), listener);
    }

    /// `socket.removeAllListeners(event)`; `None` for all events. As in Node, the machine's own steps that wait for the
    /// event go too: after removing those of 'connect' a write that waits for it is never sent (rule T8).
    pub fn remove_all_listeners<S, H: Host>(self, net: &mut Net<S, H>, event: Option<EventKind>) {
        net.stop_listening_all(self.target(), event);
    }

    /// `socket.listenerCount(event)`, of the user's listeners (rule F7).
    pub fn listener_count<S, H: Host>(self, net: &Net<S, H>, event: EventKind) -> usize {
        net.registry.count(self.target(), event)
    }

    /// `socket.listeners(event)`: the user's, in the order in which they are called (rule F7).
    pub fn listeners<S, H: Host>(self, net: &Net<S, H>, event: EventKind) -> Vec<ListenerId> {
        net.core().listener_ids(self.target(), event).collect()
    }

    /// `socket.eventNames()`, of the user's listeners; the event with the oldest of them comes first (rule F7).
    pub fn event_names<S, H: Host>(self, net: &Net<S, H>) -> Vec<EventKind> {
        net.registry.events(self.target())
    }

    /// `socket.connect(options)`. Wrong arguments throw Node's errors (rule C1); everything else is an event.
    ///
    /// # Errors
    /// `ERR_MISSING_ARGS` without a port and a path (rule C1); then, with Node's messages (rules C2, E5 to E8),
    /// `ERR_SOCKET_BAD_PORT`, `ERR_INVALID_IP_ADDRESS` of the local address, `ERR_INVALID_ARG_VALUE` of the family or
    /// the hints, `ERR_OUT_OF_RANGE` of the attempt timeout; `ERR_SOCKET_CLOSED` once it is forgotten (rule L17).
    pub fn connect<S, H: Host>(self, net: &mut Net<S, H>, to: impl Into<Connect>) -> Result<(), SharedError> {
        let Connect { mut to, port, block_list, .. } = to.into();
        if block_list.is_some() {
            net.certain(Command::SetBlockList(self.target(), block_list));
        }
        if let ConnectTo::Host(options) = &mut to {
            options.auto_select_family.get_or_insert(net.auto_select_family);
            options.attempt_timeout.get_or_insert(net.attempt_timeout);
            options.scope = net.scope(options.host.as_deref());
            options.local_scope = net.scope(options.local_address.as_deref());
        }
        thrown(net.command(Command::Connect(self.0, to))).map_err(|error| match &port {
            Some(port) => port.told(error),
            None => error,
        })
    }

    /// `socket.connect(options, listener)`: the listener is called once at 'connect'. As in Node it is there before
    /// anything is checked, and stays when the arguments are wrong, for the next connection (rule F3).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        to: impl Into<Connect>,
        listener: impl Fn(&mut Net<S, H>, Socket) + 'static,
    ) -> Result<(), SharedError> {
        self.once(net, EventKind::Connect, move |net, socket, _| listener(net, socket));
        self.connect(net, to)
    }

    /// `socket.connect(options)` with a `lookup` function of the user's. It answers the request at once or later (rule
    /// C7).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_looking_up<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        to: impl Into<Connect>,
        lookup: impl Fn(&mut Net<S, H>, LookupRequest) + 'static,
    ) -> Result<(), SharedError> {
        let to = to.into().looked_up_by_the_user();
        net.registry.set_lookup(self.0, Rc::new(lookup));
        self.connect(net, to)
    }

    /// `socket.write(chunk)`. False asks to wait for 'drain'; the chunk is taken in either case (rule W6).
    ///
    /// If a [`Limits::write_buffer`](netfold_core::Limits::write_buffer) is set and reached, the socket is destroyed
    /// with `ERR_NETFOLD_LIMIT`; [`try_write`](Self::try_write) leaves that to the caller.
    pub fn write<S, H: Host>(self, net: &mut Net<S, H>, chunk: impl IntoChunk) -> bool {
        self.write_or_destroy(net, chunk, None)
    }

    /// `socket.write(chunk, callback)` with a callback that is shared between writes ([`Net::callback`]) (rule W12).
    pub fn write_cb<S, H: Host>(self, net: &mut Net<S, H>, chunk: impl IntoChunk, callback: CallbackId) -> bool {
        self.write_or_destroy(net, chunk, Some(callback))
    }

    /// `socket.write(chunk, callback)` with a callback of its own (rules W11 and W14).
    pub fn write_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        chunk: impl IntoChunk,
        callback: impl FnOnce(&mut Net<S, H>, Socket, Result<(), &NodeError>) + 'static,
    ) -> bool {
        let callback = net.registry.once(self.0, Box::new(callback));
        self.write_or_destroy(net, chunk, Some(callback))
    }

    /// As [`write_cb`](Self::write_cb), but throws at the limit: the chunk is not taken, nothing else changes (rule
    /// B5).
    ///
    /// # Errors
    /// `ERR_NETFOLD_LIMIT`, with the name and the bound of the limit.
    pub fn try_write<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        chunk: impl IntoChunk,
        callback: Option<CallbackId>,
    ) -> Result<bool, SharedError> {
        match net.command(Command::Write(self.0, chunk.into_chunk(), callback)) {
            Outcome::Threw(error) => Err(error),
            outcome => Ok(matches!(outcome, Outcome::Bool(true))),
        }
    }

    fn write_or_destroy<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        chunk: impl IntoChunk,
        callback: Option<CallbackId>,
    ) -> bool {
        self.try_write(net, chunk, callback).unwrap_or_else(|error| {
            self.destroy_with(net, error);
            false
        })
    }

    /// `socket.cork()`: writes wait, until as many `uncork`s (rule W23).
    pub fn cork<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Cork(self.0));
    }

    /// `socket.uncork()` (rule W23)
    pub fn uncork<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Uncork(self.0));
    }

    /// At the bound of the write buffer `end(chunk)` throws and takes nothing (rule B5): as with `write`, the socket is
    /// destroyed with that.
    fn end_or_destroy<S, H: Host>(self, net: &mut Net<S, H>, chunk: Option<Chunk>, callback: Option<CallbackId>) {
        if let Outcome::Threw(error) = net.certain(Command::End(self.0, chunk, callback)) {
            self.destroy_with(net, error);
        }
    }

    /// `socket.end()` (rules W18 and W20)
    pub fn end<S, H: Host>(self, net: &mut Net<S, H>) {
        self.end_or_destroy(net, None, None);
    }

    /// `socket.end(chunk)` (rule W18)
    pub fn end_with<S, H: Host>(self, net: &mut Net<S, H>, chunk: impl IntoChunk) {
        self.end_or_destroy(net, Some(chunk.into_chunk()), None);
    }

    /// `socket.end(callback)`: called when FIN is with the system, or with why it never will be (rules W19 and W21).
    pub fn end_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        callback: impl FnOnce(&mut Net<S, H>, Socket, Result<(), &NodeError>) + 'static,
    ) {
        let callback = net.registry.once(self.0, Box::new(callback));
        self.end_or_destroy(net, None, Some(callback));
    }

    /// `socket.end(chunk, callback)` (rules W18 and W21)
    pub fn end_with_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        chunk: impl IntoChunk,
        callback: impl FnOnce(&mut Net<S, H>, Socket, Result<(), &NodeError>) + 'static,
    ) {
        let callback = net.registry.once(self.0, Box::new(callback));
        self.end_or_destroy(net, Some(chunk.into_chunk()), Some(callback));
    }

    /// `socket.destroy()` (rules L1 and L2)
    pub fn destroy<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Destroy(self.0, None));
    }

    /// `socket.destroy(error)` (rule L2)
    pub fn destroy_with<S, H: Host>(self, net: &mut Net<S, H>, error: impl IntoError) {
        net.certain(Command::Destroy(self.0, Some(error.into_error())));
    }

    /// `socket.destroySoon()`: once everything is written (rule L8).
    pub fn destroy_soon<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::DestroySoon(self.0));
    }

    /// `socket[Symbol.asyncDispose]()`: destroys it, with [`NodeError::Aborted`] unless 'end' has come (rule F13), and calls
    /// `done` once, at 'close'; in a tick if that has come already. The error counts as listened for. There are no promises
    /// here (deviation D31).
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    ///
    /// let mut net = Net::new(0).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// socket.on_error(&mut net, |net, _, error| net.state += (error.code() == "ABORT_ERR") as u32);
    /// socket.dispose(&mut net, |net| net.state += 10);
    /// net.run().unwrap();
    /// assert_eq!(net.state, 11);
    /// ```
    pub fn dispose<S, H: Host>(self, net: &mut Net<S, H>, done: impl FnOnce(&mut Net<S, H>) + 'static) {
        if self.view(net).is_none_or(|view| view.close_emitted()) {
            net.next_tick(done);
            return;
        }
        self.on_error(net, |_, _, _| {});
        if self.readable_ended(net) {
            self.destroy(net);
        } else {
            self.destroy_with(net, NodeError::Aborted);
        }
        let done = std::cell::Cell::new(Some(done));
        self.once(net, EventKind::Close, move |net, _, _| {
            if let Some(done) = done.take() {
                done(net);
            }
        });
    }

    /// `socket.resetAndDestroy()`. Throws `ERR_INVALID_HANDLE_TYPE` on a Unix socket (rule L9).
    ///
    /// # Errors
    /// `ERR_INVALID_HANDLE_TYPE`; the socket is as it was.
    pub fn reset_and_destroy<S, H: Host>(self, net: &mut Net<S, H>) -> Result<(), SharedError> {
        thrown(net.command(Command::ResetAndDestroy(self.0)))
    }

    /// `socket.pause()` (rule R8)
    pub fn pause<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Pause(self.0));
    }

    /// `socket.resume()` (rule R9)
    pub fn resume<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Resume(self.0));
    }

    /// `socket.read()`: all there is, or while flowing one chunk. Emits 'data' too, as in Node. With an
    /// [encoding](Self::set_encoding) this is the text's UTF-8 (rules R14 and R15).
    pub fn read<S, H: Host>(self, net: &mut Net<S, H>) -> Option<Bytes> {
        bytes_read(net.certain(Command::Read(self.0, None))).unwrap_or_default()
    }

    /// As [`read`](Self::read), of a socket with an [encoding](Self::set_encoding). Without one nothing is read (rule
    /// R19).
    pub fn read_text<S, H: Host>(self, net: &mut Net<S, H>) -> Option<ReadText> {
        self.read_units(net, None).unwrap_or_default()
    }

    /// As [`read_n`](Self::read_n), of a socket with an [encoding](Self::set_encoding); `n` counts UTF-16 units.
    /// Without an encoding nothing is read (rules R14 and R19).
    ///
    /// # Errors
    /// As [`read_n`](Self::read_n).
    pub fn read_text_n<S, H: Host>(self, net: &mut Net<S, H>, n: u32) -> Result<Option<ReadText>, SharedError> {
        self.read_units(net, Some(n))
    }

    fn read_units<S, H: Host>(self, net: &mut Net<S, H>, n: Option<u32>) -> Result<Option<ReadText>, SharedError> {
        if self.view(net).and_then(|s| s.readable_encoding()).is_none() {
            return Ok(None);
        }
        match net.command(Command::Read(self.0, n)) {
            Outcome::Threw(error) => Err(error),
            Outcome::Text(text) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// `socket.unshift(chunk)`: this is read before what is kept; a flowing socket that keeps nothing emits it within the call.
    /// Returns whether there is room for more below the high water mark. Of a socket with an [encoding](Self::set_encoding) it
    /// is text, as that encoding shows the chunk's bytes (deviation D81). After 'end' the socket is destroyed with
    /// `ERR_STREAM_UNSHIFT_AFTER_END_EVENT` (rule R25).
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    ///
    /// let mut net = Net::new(()).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// assert!(socket.unshift(&mut net, "llo"));
    /// assert!(socket.unshift(&mut net, "he"));
    /// assert_eq!(socket.read(&mut net).unwrap(), "hello");
    /// ```
    pub fn unshift<S, H: Host>(self, net: &mut Net<S, H>, chunk: impl IntoChunk) -> bool {
        let chunk = chunk.into_chunk();
        if self.readable_ended(net) && !chunk.bytes.is_empty() {
            let code = Some("ERR_STREAM_UNSHIFT_AFTER_END_EVENT".into());
            let message = "stream.unshift() after end event".into();
            self.destroy_with(net, NodeError::User { code, message, tag: 0 });
            return false;
        }
        let chunk = match self.readable_encoding(net) {
            None => chunk,
            Some(encoding) => {
                let mut decoder = Decoder::new(encoding);
                let text = decoder.write(&chunk.bytes) + &decoder.end();
                text.into_chunk()
            }
        };
        matches!(net.command(Command::Unshift(self.0, chunk)), Outcome::Bool(true))
    }

    /// `socket.setEncoding(encoding)`: from now on what is read is text, what is kept unread already too; Node's
    /// `setEncoding(null)`, `None`, is UTF-8. 'data' goes to [`on_text`](Self::on_text), `readableLength` and
    /// [`read_text_n`](Self::read_text_n) count UTF-16 units, and `bytesRead` goes on counting bytes (rules R19 to R21).
    pub fn set_encoding<S, H: Host>(self, net: &mut Net<S, H>, encoding: impl Into<Option<Encoding>>) {
        net.certain(Command::SetEncoding(self.0, encoding.into().unwrap_or_default(), None));
    }

    /// `socket.read(n)`: exactly `n` bytes (UTF-16 units with an encoding), or what is left at the end; `None` until
    /// there are so many. More than 1 GiB throws `ERR_OUT_OF_RANGE` (rules R13 and R14).
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE`; nothing was read.
    pub fn read_n<S, H: Host>(self, net: &mut Net<S, H>, n: u32) -> Result<Option<Bytes>, SharedError> {
        bytes_read(net.command(Command::Read(self.0, Some(n))))
    }

    /// `socket.setTimeout(ms)`, in milliseconds; 0 turns it off. Out of range throws `ERR_OUT_OF_RANGE` (rule M2).
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` below 0 and for NaN and infinity; the timeout is as it was.
    pub fn set_timeout<S, H: Host>(self, net: &mut Net<S, H>, ms: f64) -> Result<(), SharedError> {
        thrown(net.command(Command::SetTimeout(self.0, ms)))
    }

    /// `socket.setTimeout(ms, listener)`: the listener is called once at 'timeout'. It is not added, which gives `None`, to a
    /// destroyed socket, and for 0, which turns the timeout off: then [`off`](Self::off) takes one away (rule M2).
    ///
    /// # Errors
    /// As [`set_timeout`](Self::set_timeout).
    pub fn set_timeout_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        ms: f64,
        listener: impl Fn(&mut Net<S, H>, Socket) + 'static,
    ) -> Result<Option<ListenerId>, SharedError> {
        self.set_timeout(net, ms)?;
        let adds = ms != 0.0 && !self.destroyed(net);
        Ok(adds.then(|| self.once(net, EventKind::Timeout, move |net, socket, _| listener(net, socket))))
    }

    /// `socket.setNoDelay(enable)` (rule O1)
    pub fn set_no_delay<S, H: Host>(self, net: &mut Net<S, H>, enable: bool) {
        net.certain(Command::SetNoDelay(self.0, enable));
    }

    /// `socket.setKeepAlive(enable, initialDelay)`, the delay in milliseconds; whole seconds are used (rule O2).
    pub fn set_keep_alive<S, H: Host>(self, net: &mut Net<S, H>, enable: bool, initial_delay: u32) {
        net.certain(Command::SetKeepAlive(self.0, enable, initial_delay));
    }

    /// `socket.setTypeOfService(tos)` of newer Nodes: IP_TOS, or for IPv6 the traffic class. Without a connection it is
    /// remembered until there is one (rule O12). A system may leave bits out, or refuse it.
    ///
    /// # Errors
    /// What the system says, with syscall `setTypeOfService`.
    pub fn set_type_of_service<S, H: Host>(self, net: &mut Net<S, H>, tos: u8) -> Result<(), SharedError> {
        thrown(net.command(Command::SetTypeOfService(self.0, tos)))
    }

    /// `socket.getTypeOfService()`: asked of the system; without a connection what was set, or 0 (rule O12).
    ///
    /// # Errors
    /// What the system says, with syscall `getTypeOfService`.
    pub fn get_type_of_service<S, H: Host>(self, net: &mut Net<S, H>) -> Result<u8, SharedError> {
        match net.command(Command::TypeOfService(self.0)) {
            Outcome::Threw(error) => Err(error),
            Outcome::TypeOfService(tos) => Ok(tos),
            _ => Ok(0),
        }
    }

    /// `socket.ref()` (rules O3 and M6)
    pub fn ref_<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Ref(self.0, true));
    }

    /// `socket.unref()`: while idle or reading it does not keep the loop alive (rules O3 and M6).
    pub fn unref<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Ref(self.0, false));
    }

    /// The socket stays known after its 'close', to be asked or connected again, until [`release`](Self::release) (rule
    /// L17).
    pub fn retain<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Retain(self.0));
    }

    /// Undoes [`retain`](Self::retain) (rule L17).
    pub fn release<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Release(self.0));
    }

    fn address_of<S, H: Host>(self, net: &mut Net<S, H>, side: Side) -> Option<SocketAddr> {
        match net.certain(Command::Address(self.0, side)) {
            Outcome::Address(address) => address,
            _ => None,
        }
    }

    /// `socket.address()`; `None` is Node's empty object (rules F9 and O6).
    pub fn address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<SocketAddr> {
        self.address_of(net, Side::Local)
    }

    /// `socket.localAddress`; [`ip_text`](netfold_core::ip_text) prints it as Node does (rule O6).
    pub fn local_address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<IpAddr> {
        self.address_of(net, Side::Local).map(|a| a.ip())
    }

    /// `socket.localPort` (rule O6)
    pub fn local_port<S, H: Host>(self, net: &mut Net<S, H>) -> Option<u16> {
        self.address_of(net, Side::Local).map(|a| a.port())
    }

    /// `socket.localFamily` (rule O6)
    pub fn local_family<S, H: Host>(self, net: &mut Net<S, H>) -> Option<&'static str> {
        self.address_of(net, Side::Local).map(family)
    }

    /// `socket.remoteAddress`; [`ip_text`](netfold_core::ip_text) prints it as Node does (rule O7).
    pub fn remote_address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<IpAddr> {
        self.address_of(net, Side::Remote).map(|a| a.ip())
    }

    /// `socket.remotePort` (rule O7)
    pub fn remote_port<S, H: Host>(self, net: &mut Net<S, H>) -> Option<u16> {
        self.address_of(net, Side::Remote).map(|a| a.port())
    }

    /// `socket.remoteFamily` (rule O7)
    pub fn remote_family<S, H: Host>(self, net: &mut Net<S, H>) -> Option<&'static str> {
        self.address_of(net, Side::Remote).map(family)
    }

    /// Everything that can be read of it without asking the system; `None` once it is forgotten (rule O13).
    pub fn view<S, H: Host>(self, net: &Net<S, H>) -> Option<SocketView<'_>> {
        net.core().socket(self.0)
    }

    /// `socket.connecting` (rules C10 and O13)
    pub fn connecting<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.connecting())
    }

    /// `socket.pending` (rule O13)
    pub fn pending<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.pending())
    }

    /// `socket.destroyed` (rule L1)
    pub fn destroyed<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.destroyed())
    }

    /// `socket.autoSelectFamilyAttemptedAddresses`: what was tried so far, as `address:port`; `None` (undefined) unless
    /// a name had several addresses (rule C23).
    pub fn auto_select_family_attempted_addresses<S, H: Host>(self, net: &Net<S, H>) -> Option<Vec<String>> {
        let view = self.view(net)?;
        let addresses = view.attempted_addresses()?;
        Some(addresses.iter().map(|a| format!("{}:{}", a.ip(), a.port())).collect())
    }

    /// `socket.readyState` (rule O13)
    pub fn ready_state<S, H: Host>(self, net: &Net<S, H>) -> ReadyState {
        self.view(net).map_or(ReadyState::Closed, |s| s.ready_state())
    }

    /// `socket.bufferSize`, in bytes, or UTF-16 units of text; `None` without a descriptor (rule W26).
    pub fn buffer_size<S, H: Host>(self, net: &Net<S, H>) -> Option<u64> {
        self.view(net)?.buffer_size()
    }

    /// `socket.bytesRead` (rule L6)
    pub fn bytes_read<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.bytes_read())
    }

    /// `socket.bytesWritten` (rules W9 and L6)
    pub fn bytes_written<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.bytes_written())
    }

    /// `socket.timeout`: what was given to `setTimeout` last, in milliseconds (rule M2).
    pub fn timeout<S, H: Host>(self, net: &Net<S, H>) -> Option<f64> {
        self.view(net)?.timeout()
    }

    /// `socket.isPaused()` (rule R8)
    pub fn is_paused<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.is_paused())
    }

    /// `socket.server`: which accepted it; `None` (null) for all others (rule O13).
    pub fn server<S, H: Host>(self, net: &Net<S, H>) -> Option<Server> {
        self.view(net)?.server().map(Server)
    }

    /// What it is on now: TCP or a pipe, which is a Unix socket or a FIFO; `None` without a descriptor (rule O14).
    pub fn kind<S, H: Host>(self, net: &Net<S, H>) -> Option<netfold_core::HandleKind> {
        self.view(net)?.kind()
    }

    /// `socket.allowHalfOpen` (rule L14)
    pub fn allow_half_open<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.allow_half_open())
    }

    /// `socket.errored`: what destroyed it (rule O13).
    pub fn errored<S, H: Host>(self, net: &Net<S, H>) -> Option<&NodeError> {
        self.view(net)?.errored()
    }

    /// `socket.closed`: true as soon as `destroy` returned, before 'close' (rule L1).
    pub fn closed<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.closed())
    }

    /// `socket.readable`: it can still be read from (rule O13).
    pub fn readable<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable())
    }

    /// `socket.readableFlowing`; `None` is null: nobody has said (rules R8 to R10).
    pub fn readable_flowing<S, H: Host>(self, net: &Net<S, H>) -> Option<bool> {
        self.view(net)?.readable_flowing()
    }

    /// `socket.readableEncoding`: that of `set_encoding` (rule R19).
    pub fn readable_encoding<S, H: Host>(self, net: &Net<S, H>) -> Option<Encoding> {
        self.view(net)?.readable_encoding()
    }

    /// `socket.readableLength`: what is kept unread, in bytes, or UTF-16 units with an encoding (rule R19).
    pub fn readable_length<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.readable_length())
    }

    /// `socket.readableHighWaterMark`, in the same units; 0 once it is forgotten (rule R23).
    pub fn readable_high_water_mark<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.readable_high_water_mark())
    }

    /// `socket.readableEnded`: 'end' was emitted (rule R6).
    pub fn readable_ended<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_ended())
    }

    /// `socket.readableAborted`: it was destroyed, or failed, before 'end' (rule O13).
    pub fn readable_aborted<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_aborted())
    }

    /// `socket.readableDidRead`: 'data' was emitted (rule O13).
    pub fn readable_did_read<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_did_read())
    }

    /// `socket.writable`: it can still be written to (rule O13).
    pub fn writable<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable())
    }

    /// `socket.writableLength`: what waits to be written, in bytes, or UTF-16 units of text (rule W3).
    pub fn writable_length<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.writable_length())
    }

    /// `socket.writableHighWaterMark`, in the same units; 0 once it is forgotten (rule R23).
    pub fn writable_high_water_mark<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.writable_high_water_mark())
    }

    /// `socket.writableNeedDrain`: a 'drain' is to come (rules W6 and W13).
    pub fn writable_need_drain<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_need_drain())
    }

    /// `socket.writableEnded`: `end` was called (rule W18).
    pub fn writable_ended<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_ended())
    }

    /// `socket.writableFinished`: 'finish' was, or is being, emitted (rule W21).
    pub fn writable_finished<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_finished())
    }

    /// `socket.writableCorked`: how many `cork`s are open (rule W23).
    pub fn writable_corked<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.writable_corked())
    }
}

fn family(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}

#[cfg(unix)]
impl Socket {
    /// Takes the descriptor out of a connection that nothing was read from, written to or ended: one received with
    /// `pause_on_connect`. The loop forgets the socket without an event; what the peer sent is still to be read (rule
    /// O9).
    ///
    /// # Errors
    /// `ERR_SOCKET_CLOSED` without a connection; `ERR_INVALID_ARG_VALUE` when it was used already. Nothing changed
    /// then.
    pub fn into_fd<S>(self, net: &mut Net<S>) -> Result<std::os::fd::OwnedFd, SharedError> {
        let handle = net.core().handle_of(self.0);
        match net.command(Command::Detach(self.0)) {
            Outcome::Threw(error) => Err(error),
            _ => match handle.and_then(|handle| net.kernel.take_detached(handle)) {
                Some(fd) => Ok(fd),
                None => Err(Arc::new(NodeError::SocketClosed)),
            },
        }
    }
}
