//! What the driver tells: each completion finds what waits for it.

use super::frame::{Fed, Flow};
use super::{Core, Handle, LookupFor, Owner, Refusal};
use crate::bugs::bug;
use crate::call::{Completion, HandleKind};
use crate::command::Resolved;
use crate::errno::LookupCode;
use crate::error::ApiMisuse;
use crate::id::{HandleId, SocketId};
use alloc::vec::Vec;
use bytes::Bytes;

impl Core {
    /// What a completion does; it has no effect when what waited for it is gone.
    pub(super) fn completion(&mut self, completion: Completion) -> Result<Flow, ApiMisuse> {
        let flow = match completion {
            Completion::Read(h, bytes) => self.read_completed(h, bytes, None)?,
            Completion::ReadAs(h, bytes, units) => self.read_completed(h, bytes, Some(units))?,
            Completion::Written(h, result) => {
                let Some(socket) = self.waiting(h, |handle| handle.writing)? else { return Ok(self.nothing()) };
                self.handle_mut(h, |handle| handle.writing = false);
                if self.handles[h].shutting {
                    self.feed(Fed::Shutdown(h));
                }
                self.written(socket, result)
            }
            Completion::Drained(h) => {
                if !Self::known(&self.handles, h)? {
                    return Ok(self.nothing());
                }
                self.drained(h)
            }
            Completion::Eof(h) => self.eof_completed(h, None)?,
            Completion::EofAs(h, units) => self.eof_completed(h, Some(units))?,
            Completion::ReadFailed(h, errno) => {
                let Some(socket) = self.reader(h)? else { return Ok(self.nothing()) };
                self.handle_mut(h, |handle| handle.started = false);
                self.read_failed(socket, errno)
            }
            Completion::Connected(h, result) => {
                // Of a path that was asked for again, the older answer may come when the newer one was told already (rule C15).
                let waits = |handle: &Handle| handle.connecting || handle.kind == HandleKind::Pipe;
                if self.waiting(h, waits)?.is_none() || !self.handles[h].connecting {
                    return Ok(self.nothing());
                }
                // The answer to a path that was asked for again counts, also when the first one's comes before it is told.
                let newer = self.fed.iter().find_map(|fed| match fed {
                    Fed::Connected(of, newer) if *of == h => Some(*newer),
                    _ => None,
                });
                self.starve(h);
                self.connected(h, newer.unwrap_or(result))
            }
            Completion::Accepted(h, conn) => match self.listening(h)? {
                true => self.accepted(h, conn),
                false => self.accept_refuse(conn),
            },
            Completion::AcceptFailed(h, errno) => match self.listening(h)? {
                true => self.accept_failed(h, errno),
                false => self.nothing(),
            },
            Completion::LookedUp(lookup, answer) => {
                Self::known(&self.lookups, lookup)?;
                match self.take_lookup(lookup, false)? {
                    Some(purpose) => {
                        let answer = answer.map(|list| list.into_iter().map(Resolved::Ip).collect());
                        self.answer(purpose, answer.map_err(Refusal::Code))
                    }
                    None => self.nothing(),
                }
            }
        };
        Ok(flow)
    }

    fn read_completed(&mut self, h: HandleId, bytes: Bytes, told: Option<u32>) -> Result<Flow, ApiMisuse> {
        match self.handles.get_mut(h) {
            Some(Handle { owner: Owner::Socket(socket), started: true, closing: None, .. }) if !bytes.is_empty() => {
                let socket = *socket;
                let bytes_read = &mut self.sockets[socket].bytes_read;
                *bytes_read = if bug!(CountsLastRead) { 0 } else { *bytes_read } + bytes.len() as u64;
                Ok(self.pushed(socket, h, bytes, told))
            }
            _ => self.read_not_taken(h),
        }
    }

    /// A read that nobody waits for, or of nothing.
    #[cold]
    fn read_not_taken(&mut self, h: HandleId) -> Result<Flow, ApiMisuse> {
        match self.reader(h)? {
            Some(_) => Err(ApiMisuse::WrongReply),
            None => Ok(self.nothing()),
        }
    }

    fn eof_completed(&mut self, h: HandleId, told: Option<u32>) -> Result<Flow, ApiMisuse> {
        let Some(socket) = self.reader(h)? else { return Ok(self.nothing()) };
        self.handle_mut(h, |handle| handle.started = false);
        Ok(self.ended(socket, told))
    }

    pub(crate) fn answer(&mut self, purpose: LookupFor, answer: Result<Vec<Resolved>, Refusal>) -> Flow {
        match purpose {
            LookupFor::Socket(socket, target) => self.looked_up(socket, target, answer),
            LookupFor::Server { server, attempt, host } => {
                let none = Refusal::Code(LookupCode::NotFound);
                let first = answer.and_then(|list| list.first().and_then(Resolved::ip).ok_or(none));
                self.listen_looked_up(server, attempt, host, first)
            }
        }
    }

    /// The socket whose handle waits for this; `None` if it is closed meanwhile.
    fn waiting(&self, id: HandleId, waits: impl Fn(&super::Handle) -> bool) -> Result<Option<SocketId>, ApiMisuse> {
        if !Self::known(&self.handles, id)? {
            return Ok(None);
        }
        let handle = &self.handles[id];
        match handle.owner {
            _ if handle.closing.is_some() => Ok(None),
            Owner::Socket(socket) if waits(handle) => Ok(Some(socket)),
            _ => Err(ApiMisuse::NothingAwaited),
        }
    }

    fn reader(&self, id: HandleId) -> Result<Option<SocketId>, ApiMisuse> {
        self.waiting(id, |handle| handle.started)
    }

    fn listening(&self, id: HandleId) -> Result<bool, ApiMisuse> {
        if !Self::known(&self.handles, id)? {
            return Ok(false);
        }
        let handle = &self.handles[id];
        match handle.owner {
            _ if handle.closing.is_some() => Ok(false),
            Owner::Server(_) if handle.listening => Ok(true),
            _ => Err(ApiMisuse::NothingAwaited),
        }
    }
}
