//! Node's `net.Socket`, as methods on a small copyable name.

mod chunk;
mod listeners;
mod lookup;
mod options;
mod properties;

pub use chunk::{IntoChunk, IntoError};
pub use lookup::LookupRequest;

use crate::net::{Host, Net};
use crate::options::Connect;
use bytes::Bytes;
use netfold_core::{
    CallbackId, Chunk, Command, ConnectTo, Decoder, Encoding, EventKind, NodeError, Outcome, ReadText, SharedError,
    SocketId, Target,
};
use std::rc::Rc;

/// A socket: Node's `net.Socket`. A name, not the thing: copy it at will; the [`Net`] has the socket.
///
/// After 'close' and the turn it was emitted in, the loop forgets the socket, unless it was
/// [retained](Socket::retain) or connects again. It then answers as a destroyed one (rule L17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Socket(pub(crate) SocketId);

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
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// socket.on_error(&mut net, |_, _, _| {});
    /// socket.destroy(&mut net);
    /// let more = socket.write_then(&mut net, "late", |net, _, result| net.state.push(result.unwrap_err().to_string()));
    /// assert!(!more);
    /// net.run().unwrap();
    /// assert_eq!(net.state, ["Cannot call write after a stream was destroyed"]);
    /// ```
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
    ///
    /// ```
    /// use netfold::Net;
    ///
    /// let mut net = Net::new(0).unwrap();
    /// let server = net.create_server(|net, socket| {
    ///     // Both go out in one system call.
    ///     socket.cork(net);
    ///     socket.write(net, "head ");
    ///     socket.write(net, "body");
    ///     assert_eq!(socket.writable_length(net), 9);
    ///     socket.uncork(net);
    ///     assert_eq!(socket.writable_length(net), 0);
    ///     socket.end(net);
    ///     socket.resume(net);
    /// });
    /// server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
    ///     let port = server.port(net).unwrap();
    ///     let client = net.connect(("127.0.0.1", port)).unwrap();
    ///     client.on_data(net, |net, _, chunk| net.state += chunk.len());
    ///     client.on_close(net, move |net, _, _| server.close(net));
    /// });
    /// net.run().unwrap();
    /// assert_eq!(net.state, 9);
    /// ```
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
    ///
    /// ```
    /// use netfold::{Encoding, Net, SocketOptions};
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// socket.set_encoding(&mut net, Encoding::Hex);
    /// socket.on_text(&mut net, |net, _, text| net.state.push(text.to_string()));
    /// socket.unshift(&mut net, b"\x01\xff");
    /// socket.read_text(&mut net);
    /// assert_eq!(net.state, ["01ff"]);
    /// ```
    pub fn set_encoding<S, H: Host>(self, net: &mut Net<S, H>, encoding: impl Into<Option<Encoding>>) {
        net.certain(Command::SetEncoding(self.0, encoding.into().unwrap_or_default(), None));
    }

    /// `socket.read(n)`: exactly `n` bytes (UTF-16 units with an encoding), or what is left at the end; `None` until
    /// there are so many. More than 1 GiB throws `ERR_OUT_OF_RANGE` (rules R13 and R14).
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    ///
    /// let mut net = Net::new(()).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// socket.unshift(&mut net, "0004ping00");
    /// let length: u32 = str::from_utf8(&socket.read_n(&mut net, 4).unwrap().unwrap()).unwrap().parse().unwrap();
    /// assert_eq!(socket.read_n(&mut net, length).unwrap().unwrap(), "ping");
    /// assert_eq!(socket.read_n(&mut net, 4).unwrap(), None); // two are there, two have yet to come
    /// ```
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE`; nothing was read.
    pub fn read_n<S, H: Host>(self, net: &mut Net<S, H>, n: u32) -> Result<Option<Bytes>, SharedError> {
        bytes_read(net.command(Command::Read(self.0, Some(n))))
    }
}

#[cfg(unix)]
impl Socket {
    /// Takes the descriptor out of a connection that nothing was read from, written to or ended: one received with
    /// `pause_on_connect`. The loop forgets the socket without an event; what the peer sent is still to be read (rule
    /// O9).
    ///
    /// ```
    /// use netfold::{Net, ServerOptions};
    /// use std::io::Write;
    /// use std::net::TcpStream;
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// let options = ServerOptions { pause_on_connect: true, ..ServerOptions::default() };
    /// let server = net.create_server_with(options, |net, socket| {
    ///     // For a thread of its own, a process, another loop.
    ///     let mut stream = TcpStream::from(socket.into_fd(net).unwrap());
    ///     stream.write_all(b"by std").unwrap();
    /// });
    /// server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
    ///     let port = server.port(net).unwrap();
    ///     let client = net.connect(("127.0.0.1", port)).unwrap();
    ///     client.on_data(net, |net, _, chunk| net.state.extend_from_slice(&chunk));
    ///     client.on_close(net, move |net, _, _| server.close(net));
    /// });
    /// net.run().unwrap();
    /// assert_eq!(net.state, b"by std");
    /// ```
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
                None => Err(std::sync::Arc::new(NodeError::SocketClosed)),
            },
        }
    }
}
