//! Listeners of a socket.

use super::Socket;
use crate::emitter::{emitter, events};
use crate::net::{Host, Net};
use bytes::Bytes;
use netfold_core::{Attempt, Event, EventKind, ListenerId, LookupEvent, ReadText, SharedError, Target};
use std::net::SocketAddr;

events! {
    Socket;

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

emitter! {
    Socket;
    on;
    /// As in Node, the machine's own steps that wait for the event go too: after removing those of 'connect' a write that
    /// waits for it is never sent.
    remove_all_listeners;
}
