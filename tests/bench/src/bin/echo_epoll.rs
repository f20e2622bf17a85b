//! The peer that everything is measured against: an echo server as one writes it by hand on epoll, edge-triggered, with
//! one `epoll_wait` a turn and nothing else.

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("{}", netfold_bench::LINUX_ONLY);
}

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::run()
}

#[cfg(target_os = "linux")]
mod linux {
    use netfold_bench::counting::{self, Counting};
    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, EventData, EventFlags};
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::io::{Errno, retry_on_intr};
    use rustix::net::{RecvFlags, SendFlags, SocketFlags, accept_with, recv, send, sockopt};
    use std::io;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    const LISTENER: u64 = u64::MAX;
    /// How much is read at once.
    const BLOCK: usize = 64 * 1024;
    /// How often one connection is read in a row.
    const READS: u32 = 32;

    struct Connection {
        fd: OwnedFd,
        /// What the system did not take; while there is some nothing is read.
        unsent: Vec<u8>,
        /// There may be more to read.
        readable: bool,
    }

    pub(super) fn run() -> io::Result<()> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        rustix::net::listen(&listener, 4096)?;
        listener.set_nonblocking(true)?;
        println!("port {}", listener.local_addr()?.port());
        counting::answer_on_stdin();

        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        let mut connections: Vec<Option<Connection>> = Vec::new();
        let mut free = Vec::new();
        let mut events = Vec::with_capacity(1024);
        let mut block = vec![0; BLOCK];
        loop {
            events.clear();
            retry_on_intr(|| epoll::wait(&poll, spare_capacity(&mut events), None))?;
            for &epoll::Event { flags, data } in &events {
                if data.u64() == LISTENER {
                    accept(listener.as_fd(), &poll, &mut connections, &mut free)?;
                    continue;
                }
                let slot = data.u64() as usize;
                let Some(connection) = &mut connections[slot] else { continue };
                if turn(connection, flags, &mut block).is_err() {
                    connections[slot] = None;
                    free.push(slot);
                }
            }
        }
    }

    fn accept(
        listener: rustix::fd::BorrowedFd<'_>,
        poll: &OwnedFd,
        connections: &mut Vec<Option<Connection>>,
        free: &mut Vec<usize>,
    ) -> io::Result<()> {
        loop {
            let fd = match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(fd) => fd,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => continue,
                Err(error) => return Err(error.into()),
            };
            sockopt::set_tcp_nodelay(&fd, true)?;
            let slot = free.pop().unwrap_or(connections.len());
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
            epoll::add(poll, &fd, EventData::new_u64(slot as u64), flags)?;
            let connection = Some(Connection { fd, unsent: Vec::new(), readable: false });
            if slot == connections.len() {
                connections.push(connection);
            } else {
                connections[slot] = connection;
            }
        }
    }

    /// All that one event brought. An error, and the end, closes the connection.
    fn turn(connection: &mut Connection, flags: EventFlags, block: &mut [u8]) -> Result<(), Errno> {
        let last = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        connection.readable |= last || flags.contains(EventFlags::IN);
        if !connection.unsent.is_empty() && flags.contains(EventFlags::OUT) {
            let sent = sent(connection, None)?;
            connection.unsent.drain(..sent);
        }
        for _ in 0..READS {
            if !connection.readable || !connection.unsent.is_empty() {
                break;
            }
            let count = match recv(&connection.fd, &mut *block, RecvFlags::empty()) {
                Ok((0, _)) => return Err(Errno::CONNRESET),
                Ok((count, _)) => count,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {
                    connection.readable = false;
                    break;
                }
                Err(error) => return Err(error),
            };
            // After a short read there is no more, except the end, of which RDHUP tells.
            connection.readable = count == block.len() || last;
            let sent = sent(connection, Some(&block[..count]))?;
            if sent < count {
                connection.unsent.extend_from_slice(&block[sent..count]);
            }
        }
        Ok(())
    }

    /// How much of `bytes`, or else of what was not sent before, the system takes.
    fn sent(connection: &Connection, bytes: Option<&[u8]>) -> Result<usize, Errno> {
        let bytes = bytes.unwrap_or(&connection.unsent);
        let mut sent = 0;
        while sent < bytes.len() {
            match send(&connection.fd, &bytes[sent..], SendFlags::NOSIGNAL) {
                Ok(count) => sent += count,
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }
}
