//! An echo server on `polling` alone, level-triggered, which is its best mode on Linux.

use netfold_bench_peers::counting::Counting;
use netfold_bench_peers::echo::{BLOCK, Echo, Ready};
use polling::{Event, Events, PollMode, Poller};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroUsize;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The poller keeps `usize::MAX` for itself.
const LISTENER: usize = usize::MAX - 1;

struct Connection {
    stream: TcpStream,
    echo: Echo,
    /// The poller looks for room to write, and for nothing else.
    waits: bool,
}

fn main() -> io::Result<()> {
    let listener = netfold_bench_peers::listen()?;
    let poller = Poller::new()?;
    // SAFETY: the listener lives as long as the program, which never leaves this function.
    unsafe { poller.add_with_mode(&listener, Event::readable(LISTENER), PollMode::Level)? };
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(NonZeroUsize::new(1024).expect("not zero"));
    let mut block = vec![0; BLOCK];
    loop {
        events.clear();
        poller.wait(&mut events, None)?;
        for event in events.iter() {
            if event.key == LISTENER {
                accept(&listener, &poller, &mut connections, &mut free)?;
                continue;
            }
            let Some(connection) = &mut connections[event.key] else { continue };
            let ready = Ready { read: event.readable, write: event.writable, last: event.is_interrupt() };
            if connection.echo.turn(&connection.stream, ready, &mut block).is_err() {
                poller.delete(&connection.stream)?;
                connections[event.key] = None;
                free.push(event.key);
            } else if connection.waits != connection.echo.is_full() {
                connection.waits = connection.echo.is_full();
                let interest = Event::new(event.key, !connection.waits, connection.waits);
                poller.modify_with_mode(&connection.stream, interest, PollMode::Level)?;
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poller: &Poller,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
) -> io::Result<()> {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let slot = free.pop().unwrap_or(connections.len());
        // SAFETY: it is deleted before it is dropped, in `main`; what is left goes with the process.
        unsafe { poller.add_with_mode(&stream, Event::readable(slot), PollMode::Level)? };
        let connection = Some(Connection { stream, echo: Echo::default(), waits: false });
        if slot == connections.len() {
            connections.push(connection);
        } else {
            connections[slot] = connection;
        }
    }
}
