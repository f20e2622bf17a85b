//! What the driver is asked, and what it answers.

use super::frame::Asked;
use super::{Core, News};
use crate::call::{Op, Reply};
use crate::error::ApiMisuse;
use crate::id::{HandleId, SocketId};
use alloc::vec::Vec;
use bytes::Bytes;

impl Core {
    #[inline]
    pub(crate) fn asked(&self) -> Op<'_> {
        match self.asked {
            Some(Asked::WriteStraight { handle, .. }) => Op::Write(handle, &self.wire),
            _ => self.asked_else(),
        }
    }

    fn asked_else(&self) -> Op<'_> {
        match self.asked.expect("a call is out") {
            Asked::Open(h, kind) => Op::Open(h, kind),
            Asked::Adopt(h, conn) => Op::Adopt(h, conn),
            Asked::Refuse(conn) => Op::Refuse(conn),
            Asked::ConnNames(conn) => Op::ConnNames(conn),
            Asked::Bind(handle, addr, ipv6_only) => Op::Bind { handle, addr, ipv6_only },
            Asked::BindPath(h) => Op::BindPath(h, &self.scratch),
            Asked::Listen(h, backlog) => Op::Listen(h, backlog),
            Asked::Connect(h, addr) => Op::Connect(h, addr),
            Asked::ConnectPath(h) => Op::ConnectPath(h, &self.scratch),
            Asked::Write(h) | Asked::WriteStraight { handle: h, .. } => Op::Write(h, &self.wire),
            Asked::ReadStart(h) => Op::ReadStart(h),
            Asked::ReadStop(h) => Op::ReadStop(h),
            Asked::ReadLimit(h, bytes) => Op::ReadLimit(h, bytes),
            Asked::Shutdown(h) => Op::Shutdown(h),
            Asked::Close(h) => Op::Close(h),
            Asked::Reset(h) => Op::Reset(h),
            Asked::NoDelay(h, on) => Op::NoDelay(h, on),
            Asked::KeepAlive(h, on, delay) => Op::KeepAlive(h, on, delay),
            Asked::SockName(h) => Op::SockName(h),
            Asked::PeerName(h) => Op::PeerName(h),
            Asked::QueueSize(h) => Op::QueueSize(h),
            Asked::Lookup(lookup, family, hints) => Op::Lookup { lookup, host: &self.scratch, family, hints },
            Asked::Detach(h) => Op::Detach(h),
            Asked::OpenFd(h, key) => Op::OpenFd(h, key),
            Asked::Chmod(h, readable, writable) => Op::Chmod(h, readable, writable),
            Asked::ReusePort(h) => Op::ReusePort(h),
            Asked::SetTypeOfService(h, tos) => Op::SetTypeOfService(h, tos),
            Asked::TypeOfService(h) => Op::TypeOfService(h),
        }
    }

    pub(crate) fn take_asked_bytes(&mut self, into: &mut Vec<Bytes>) {
        if matches!(self.asked, Some(Asked::Write(_) | Asked::WriteStraight { .. })) {
            into.append(&mut self.wire);
        }
    }

    #[inline]
    pub(crate) fn answered(&mut self, reply: Reply) -> Result<(), ApiMisuse> {
        match (self.asked, reply) {
            (Some(Asked::WriteStraight { socket, handle, bytes }), Reply::Done) => {
                self.answered_straight(socket, handle, bytes);
                Ok(())
            }
            (_, reply) => self.answered_else(reply),
        }
    }

    fn answered_straight(&mut self, socket: SocketId, handle: HandleId, bytes: u64) {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        self.asked = None;
        self.news.told(News::CALL);
        self.sent_straight(socket, handle, bytes);
        drop(self.wire.pop());
        if !self.wire.is_empty() {
            self.wire.clear();
        }
    }

    fn answered_else(&mut self, reply: Reply) -> Result<(), ApiMisuse> {
        #[cfg(netfold_bugs)]
        crate::bugs::enter(self.bug);
        let asked = self.asked.expect("a call is out");
        if !asked.allows(&reply) {
            return Err(ApiMisuse::WrongReply);
        }
        if let Asked::WriteStraight { socket, handle, bytes } = asked {
            self.not_sent_straight(socket, handle, bytes);
        }
        self.asked = None;
        self.news.told(News::CALL);
        self.reply = Some(reply);
        self.wire.clear();
        Ok(())
    }
}
