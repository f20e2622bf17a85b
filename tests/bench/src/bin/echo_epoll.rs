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
    use netfold_bench::echo::{BLOCK, Echo, Ready};
    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, EventData, EventFlags};
    use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
    use rustix::io::{Errno, retry_on_intr};
    use rustix::net::{SocketFlags, accept_with, sockopt};
    use std::io;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    const LISTENER: u64 = u64::MAX;

    struct Connection {
        fd: OwnedFd,
        echo: Echo,
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
                let ready = Ready {
                    read: flags.contains(EventFlags::IN),
                    write: flags.contains(EventFlags::OUT),
                    last: flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR),
                };
                if connection.echo.turn(&connection.fd, ready, &mut block).is_err() {
                    connections[slot] = None;
                    free.push(slot);
                }
            }
        }
    }

    fn accept(
        listener: BorrowedFd<'_>,
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
            let connection = Some(Connection { fd, echo: Echo::default() });
            if slot == connections.len() {
                connections.push(connection);
            } else {
                connections[slot] = connection;
            }
        }
    }
}
