//! The load: connections that send requests and check every byte of what comes back.

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::net::sockopt;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// What is sent repeats after this many bytes, a prime: no size of request meets it at the same place twice in a row.
const PERIOD: usize = 65_521;
/// How much is written or read at once.
const PART: usize = 64 * 1024;
/// What the name of such work begins with.
const CHURN: &str = "churn:";

/// A kind of work: so many connections, each with so many requests of so many bytes under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Each request has a connection of its own, which ends with it: so many of them at once.
    pub churn: bool,
    /// How many connections.
    pub connections: usize,
    /// Bytes of a request, and of its answer.
    pub size: usize,
    /// Requests of one connection that are under way; 1 is pingpong.
    pub depth: usize,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let churn = if self.churn { CHURN } else { "" };
        write!(f, "{churn}{}x{}", self.connections, self.size)?;
        if self.depth > 1 { write!(f, "x{}", self.depth) } else { Ok(()) }
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.strip_prefix(CHURN);
        let churn = numbers.is_some();
        let numbers = numbers.unwrap_or(text).split('x');
        let parts: Option<Vec<usize>> = numbers.map(|n| n.parse().ok().filter(|&n| n > 0)).collect();
        match parts.as_deref() {
            Some(&[connections, size]) => Ok(Work { churn, connections, size, depth: 1 }),
            Some(&[connections, size, depth]) if !churn => Ok(Work { churn, connections, size, depth }),
            _ => Err(String::from(
                "CONNECTIONSxBYTES, CONNECTIONSxBYTESxDEPTH or churn:CONNECTIONSxBYTES, for example 64x64",
            )),
        }
    }
}

/// One run of requests.
#[derive(Clone, Debug)]
pub struct Piece {
    /// How many were answered.
    pub requests: u64,
    /// How long they took together.
    pub wall: Duration,
    /// How long each took, in nanoseconds, sorted.
    latencies: Vec<u32>,
}

impl Piece {
    /// How many were answered in a second.
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.wall.as_secs_f64()
    }

    /// The time in microseconds in which `part` of the requests (0 to 1) were answered.
    pub fn latency(&self, part: f64) -> f64 {
        let at = (self.latencies.len().saturating_sub(1) as f64 * part).round() as usize;
        self.latencies.get(at).map_or(f64::NAN, |&ns| f64::from(ns) / 1000.0)
    }
}

struct Connection {
    /// `None` where each request brings one of its own.
    stream: Option<TcpStream>,
    /// Where in the period this connection began.
    base: usize,
    /// How many bytes have been asked for, were sent, and came back.
    due: u64,
    sent: u64,
    got: u64,
    /// When the requests under way began.
    begun: VecDeque<Instant>,
    waits_to_write: bool,
}

/// Connections to one server.
pub struct Load {
    to: SocketAddr,
    work: Work,
    poll: OwnedFd,
    connections: Vec<Connection>,
    bytes: Vec<u8>,
    input: Vec<u8>,
    events: Vec<epoll::Event>,
    left: u64,
    latencies: Vec<u32>,
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load").field("work", &self.work).finish_non_exhaustive()
    }
}

/// Bytes without a pattern; the same ones in each run.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A connection; where it leads to is on this machine, and so it is there at once.
fn stream(to: SocketAddr, poll: &OwnedFd, index: usize) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, Duration::from_secs(10))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    epoll::add(poll, &stream, EventData::new_u64(index as u64), EventFlags::IN)?;
    Ok(stream)
}

impl Load {
    /// Connects them all, one after another.
    pub fn connect(to: SocketAddr, work: Work) -> io::Result<Self> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut connections = Vec::with_capacity(work.connections);
        for index in 0..work.connections {
            let stream = if work.churn { None } else { Some(stream(to, &poll, index)?) };
            if let Some(stream) = &stream {
                // It ends without a trace: ports that wait after their connection would be missed by the next load.
                sockopt::set_socket_linger(stream, Some(Duration::ZERO))?;
            }
            let begun = VecDeque::with_capacity(work.depth);
            let base = index * 977 % PERIOD;
            connections.push(Connection { stream, base, due: 0, sent: 0, got: 0, begun, waits_to_write: false });
        }
        let mut bytes = noise(PERIOD);
        bytes.extend_from_within(..);
        bytes.extend_from_within(..PART);
        let (input, events) = (vec![0; PART], Vec::with_capacity(256));
        Ok(Self { to, work, poll, connections, bytes, input, events, left: 0, latencies: Vec::new() })
    }

    /// Sends so many requests, over all connections at once, and waits for the answers; not longer than `within`.
    pub fn run(&mut self, requests: u64, within: Duration) -> io::Result<Piece> {
        self.left = requests;
        self.latencies = Vec::with_capacity(requests as usize);
        let began = Instant::now();
        for index in 0..self.connections.len() {
            self.request(index, began)?;
        }
        while (self.latencies.len() as u64) < requests {
            let left = within.checked_sub(began.elapsed()).ok_or_else(|| {
                let done = self.latencies.len();
                io::Error::new(io::ErrorKind::TimedOut, format!("{done} of {requests} answers within {within:?}"))
            })?;
            self.turn(left)?;
        }
        let wall = began.elapsed();
        let mut latencies = std::mem::take(&mut self.latencies);
        latencies.sort_unstable();
        Ok(Piece { requests, wall, latencies })
    }

    fn turn(&mut self, within: Duration) -> io::Result<()> {
        self.events.clear();
        let timeout = Timespec::try_from(within).map_err(io::Error::other)?;
        epoll::wait(&self.poll, spare_capacity(&mut self.events), Some(&timeout))?;
        for at in 0..self.events.len() {
            let epoll::Event { flags, data } = self.events[at];
            let index = data.u64() as usize;
            if flags.contains(EventFlags::OUT) {
                self.send(index)?;
            }
            if flags.intersects(EventFlags::IN | EventFlags::ERR | EventFlags::HUP) {
                self.receive(index)?;
            }
        }
        Ok(())
    }

    /// Sends as many requests as may be under way and are left.
    fn request(&mut self, index: usize, now: Instant) -> io::Result<()> {
        let connection = &mut self.connections[index];
        while self.left > 0 && connection.begun.len() < self.work.depth {
            self.left -= 1;
            connection.due += self.work.size as u64;
            connection.begun.push_back(now);
            if self.work.churn {
                connection.stream = Some(stream(self.to, &self.poll, index)?);
            }
        }
        self.send(index)
    }

    fn send(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let Some(stream) = &mut connection.stream else { return Ok(()) };
        let mut waits = false;
        while connection.sent < connection.due {
            let from = (connection.base + (connection.sent % PERIOD as u64) as usize) % PERIOD;
            let count = (connection.due - connection.sent).min(PART as u64) as usize;
            match stream.write(&self.bytes[from..from + count]) {
                Ok(count) => connection.sent += count as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    waits = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if waits != connection.waits_to_write {
            connection.waits_to_write = waits;
            let flags = if waits { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            epoll::modify(&self.poll, &*stream, EventData::new_u64(index as u64), flags)?;
        }
        Ok(())
    }

    fn receive(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let Some(stream) = &mut connection.stream else { return Ok(()) };
        let count = stream.read(&mut self.input)?;
        let from = (connection.base + (connection.got % PERIOD as u64) as usize) % PERIOD;
        let expected = &self.bytes[from..from + count];
        let under_way = connection.sent - connection.got;
        let ends = self.work.churn && connection.got == connection.due;
        if (count == 0) != ends || count as u64 > under_way || self.input[..count] != *expected {
            let got = connection.got;
            let what = format!("connection {index}: a wrong answer, or none, after {got} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        connection.got += count as u64;
        if self.work.churn && !ends {
            return if connection.got == connection.due { stream.shutdown(Shutdown::Write) } else { Ok(()) };
        }
        let size = self.work.size as u64;
        let open = (connection.due - connection.got).div_ceil(size) as usize;
        if open == connection.begun.len() {
            return Ok(());
        }
        if ends {
            connection.stream = None;
        }
        let now = Instant::now();
        while connection.begun.len() > open {
            if let Some(began) = connection.begun.pop_front() {
                let ns = now.duration_since(began).as_nanos();
                self.latencies.push(u32::try_from(ns).unwrap_or(u32::MAX));
            }
        }
        self.request(index, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_is_shown_as_it_is_given() {
        for text in ["64x64", "16x65536x4", "churn:16x64"] {
            assert_eq!(text.parse::<Work>().unwrap().to_string(), text);
        }
        for text in ["64", "0x64", "churn:1x1x1", "churn64x64", "x"] {
            assert!(text.parse::<Work>().is_err(), "{text}");
        }
    }
}
