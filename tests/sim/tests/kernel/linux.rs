//! The kernel of this machine.

use super::program::{Op, Outcome, SLOTS, System, bytes};
use netfold_sim::{Errno, Readiness};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect,
    getsockname, listen, recv, send, shutdown, socket_with, sockopt,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub struct Linux {
    unix: bool,
    path: PathBuf,
    slots: [Option<OwnedFd>; SLOTS],
    bound: Option<SocketAddr>,
    sent: u8,
}

impl Linux {
    /// `path` is where its Unix sockets are.
    pub fn new(unix: bool, path: PathBuf) -> Self {
        Self { unix, path, slots: Default::default(), bound: None, sent: 0 }
    }

    fn at(&self) -> SocketAddrUnix {
        SocketAddrUnix::new(&self.path).expect("a path")
    }

    fn bind(&mut self, slot: usize, again: bool) -> rustix::io::Result<()> {
        let Some(fd) = &self.slots[slot] else { return Ok(()) };
        if self.unix {
            return bind(fd, &self.at());
        }
        let port = self.bound.filter(|_| again).map_or(0, |bound| bound.port());
        bind(fd, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        self.bound = SocketAddr::try_from(getsockname(fd)?).ok();
        Ok(())
    }

    fn connect(&self, slot: usize) -> rustix::io::Result<()> {
        let Some(fd) = &self.slots[slot] else { return Ok(()) };
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        if self.unix { connect(fd, &self.at()) } else { connect(fd, &self.bound.unwrap_or(nowhere)) }
    }

    fn open(&mut self, slot: usize) {
        let family = if self.unix { AddressFamily::UNIX } else { AddressFamily::INET };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let fd = socket_with(family, SocketType::STREAM, flags, None).expect("a socket");
        if !self.unix {
            sockopt::set_socket_reuseaddr(&fd, true).expect("a TCP socket can");
        }
        self.slots[slot] = Some(fd);
    }
}

fn named<T>(result: rustix::io::Result<T>) -> Result<T, Errno> {
    result.map_err(|errno| Errno::from_linux(errno.raw_os_error()))
}

fn how(read: bool, write: bool) -> Option<Shutdown> {
    match (read, write) {
        (true, true) => Some(Shutdown::Both),
        (true, false) => Some(Shutdown::Read),
        (false, true) => Some(Shutdown::Write),
        (false, false) => None,
    }
}

fn ready(fd: &OwnedFd) -> Readiness {
    let asked = PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP;
    let mut fds = [PollFd::new(fd, asked)];
    poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).expect("it polls");
    let is = fds[0].revents();
    Readiness {
        read: is.contains(PollFlags::IN),
        write: is.contains(PollFlags::OUT),
        read_closed: is.contains(PollFlags::RDHUP),
        hang_up: is.contains(PollFlags::HUP),
        error: is.contains(PollFlags::ERR),
    }
}

impl System for Linux {
    fn call(&mut self, op: Op) -> Outcome {
        let done = |result| Outcome::of(named(result), |()| Outcome::Done);
        let (Op::Socket(slot)
        | Op::Bind(slot)
        | Op::BindAgain(slot)
        | Op::Listen(slot, _)
        | Op::Connect(slot)
        | Op::Accept(slot)
        | Op::Send(slot, _)
        | Op::Recv(slot, _)
        | Op::Shutdown(slot, ..)
        | Op::Close(slot, _)
        | Op::Error(slot)
        | Op::Poll(slot)) = op;
        let Some(fd) = &self.slots[slot] else {
            if let Op::Socket(slot) = op {
                self.open(slot);
                return Outcome::Done;
            }
            return Outcome::Nothing;
        };
        match op {
            Op::Socket(_) => Outcome::Nothing,
            Op::Bind(slot) => done(self.bind(slot, false)),
            Op::BindAgain(slot) => done(self.bind(slot, true)),
            Op::Listen(_, backlog) => done(listen(fd, backlog as i32)),
            Op::Connect(slot) => done(self.connect(slot)),
            Op::Accept(_) => {
                let Some(free) = self.slots.iter().position(Option::is_none) else { return Outcome::Nothing };
                let accepted = accept_with(fd, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
                Outcome::of(named(accepted), |fd| {
                    self.slots[free] = Some(fd);
                    Outcome::Done
                })
            }
            Op::Send(_, len) => {
                let bytes = bytes(&mut self.sent, len);
                Outcome::of(named(send(fd, &bytes, SendFlags::NOSIGNAL)), Outcome::Count)
            }
            Op::Recv(_, len) => {
                let mut buffer = vec![0; len];
                let received = recv(fd, &mut buffer[..], RecvFlags::empty()).map(|(count, _)| count);
                Outcome::of(named(received), |count| Outcome::Bytes(buffer[..count].to_vec()))
            }
            Op::Shutdown(_, read, write) => match how(read, write) {
                Some(how) => done(shutdown(fd, how)),
                None => Outcome::Nothing,
            },
            Op::Close(slot, reset) => {
                if reset {
                    sockopt::set_socket_linger(fd, Some(Duration::ZERO)).expect("it can linger");
                }
                self.slots[slot] = None;
                Outcome::Done
            }
            Op::Error(_) => {
                let error = sockopt::socket_error(fd).expect("it can be asked");
                Outcome::Was(error.err().map(|errno| Errno::from_linux(errno.raw_os_error())))
            }
            Op::Poll(_) => Outcome::Ready(ready(fd)),
        }
    }
}

impl Drop for Linux {
    fn drop(&mut self) {
        let _none = std::fs::remove_file(&self.path);
    }
}
