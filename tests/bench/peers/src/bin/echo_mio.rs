//! An echo server on mio.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use netfold_bench_peers::counting::Counting;
use netfold_bench_peers::echo::{BLOCK, Echo, Ready};
use std::io;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LISTENER: Token = Token(usize::MAX);

struct Connection {
    stream: TcpStream,
    echo: Echo,
}

fn main() -> io::Result<()> {
    let mut listener = TcpListener::from_std(netfold_bench_peers::listen()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut block = vec![0; BLOCK];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            let Token(slot) = event.token();
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections, &mut free)?;
                continue;
            }
            let Some(connection) = &mut connections[slot] else { continue };
            let ready = Ready {
                read: event.is_readable(),
                write: event.is_writable(),
                last: event.is_read_closed() || event.is_error(),
            };
            if connection.echo.turn(&connection.stream, ready, &mut block).is_err() {
                connections[slot] = None;
                free.push(slot);
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let slot = free.pop().unwrap_or(connections.len());
        poll.registry().register(&mut stream, Token(slot), Interest::READABLE | Interest::WRITABLE)?;
        let connection = Some(Connection { stream, echo: Echo::default() });
        if slot == connections.len() {
            connections.push(connection);
        } else {
            connections[slot] = connection;
        }
    }
}
