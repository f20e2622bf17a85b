//! What the system answers.

use super::HandleState;
use super::actions::Plan;
use netfold_core::{Errno, HandleId, LookupId, Op, Reply};
use std::collections::BTreeMap;

/// What the system answers, and which other plans would have mattered.
pub(super) fn answer(
    op: &Op<'_>,
    plan: Plan,
    handles: &mut BTreeMap<HandleId, HandleState>,
    lookups: &mut Vec<LookupId>,
) -> (Reply, &'static [Plan]) {
    let fails = |well: Reply, errno| if plan == Plan::Fails { Reply::Failed(errno) } else { well };
    match op {
        Op::Open(h, _) | Op::Adopt(h, _) => {
            handles.insert(*h, HandleState::default());
            (Reply::Done, &[])
        }
        Op::ConnNames(_) => (Reply::Names(None, None), &[]),
        Op::Bind { .. } => (fails(Reply::Done, Errno::EADDRNOTAVAIL), &[Plan::Fails]),
        Op::Listen(h, _) => {
            let reply = fails(Reply::Done, Errno::EADDRINUSE);
            set(handles, h, |s| s.listening = reply == Reply::Done);
            (reply, &[Plan::Fails])
        }
        Op::Connect(h, _) | Op::ConnectPath(h, _) => {
            let reply = match plan {
                Plan::Refused => Reply::Failed(Errno::ECONNREFUSED),
                _ => fails(Reply::Pending, Errno::ENETUNREACH),
            };
            set(handles, h, |s| s.connecting = reply == Reply::Pending);
            (reply, &[Plan::Fails, Plan::Refused])
        }
        Op::Write(h, _) => {
            let reply = if plan == Plan::Waits { Reply::Pending } else { fails(Reply::Done, Errno::EPIPE) };
            set(handles, h, |s| s.writing = reply == Reply::Pending);
            (reply, &[Plan::Waits, Plan::Fails])
        }
        Op::ReadStart(h) => {
            set(handles, h, |s| s.reading = true);
            (Reply::Done, &[])
        }
        Op::ReadStop(h) => {
            set(handles, h, |s| s.reading = false);
            (Reply::Done, &[])
        }
        Op::Close(h) | Op::Reset(h) => {
            handles.remove(h);
            (Reply::Done, &[])
        }
        Op::SockName(_) | Op::PeerName(_) => (Reply::Addr(None), &[]),
        Op::QueueSize(_) => (Reply::Size(0), &[]),
        Op::Lookup { lookup, .. } => {
            lookups.push(*lookup);
            (Reply::Pending, &[])
        }
        _ => (Reply::Done, &[]),
    }
}

fn set(handles: &mut BTreeMap<HandleId, HandleState>, h: &HandleId, change: impl FnOnce(&mut HandleState)) {
    change(handles.get_mut(h).expect("the core names open handles only"));
}

/// What a table says of an answer.
pub(super) fn fact_of(op: &Op<'_>, reply: Reply) -> Option<&'static str> {
    match (op, reply) {
        (Op::Write(..), Reply::Pending) => Some("the write waits"),
        (Op::Write(..), Reply::Failed(_)) => Some("the write fails"),
        (Op::Write(..), _) => Some("the write is taken"),
        (Op::Connect(..) | Op::ConnectPath(..), Reply::Failed(Errno::ECONNREFUSED)) => Some("refused at once"),
        (Op::Connect(..) | Op::ConnectPath(..), Reply::Failed(_)) => Some("the attempt fails at once"),
        (Op::Bind { .. } | Op::Listen(..), Reply::Failed(_)) => Some("the system refuses"),
        _ => None,
    }
}
