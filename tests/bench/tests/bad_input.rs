//! Peers that do the worst they can, against an echo server that minds its write buffer: counts and bytes, which do not depend
//! on the machine. What they cost in time is measured by `bad_input`.

#![cfg(unix)]

use netfold::{Listen, Net, Server};
use netfold_bench::counting::Counting;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Node's mark of both halves, in bytes.
const MARK: u64 = 16 * 1024;
/// The most that one read brings, in bytes.
const BLOCK: u64 = 64 * 1024;
/// What one connection may take here: both halves' kept bytes (rules B2, W2), the block that a kept chunk pins, and tables.
const BOUND: u64 = 2 * MARK + BLOCK + MARK + 2 * BLOCK + 4096;

/// Held by each test: what is allocated is counted for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came, in order.
#[derive(Default)]
struct Seen {
    chunks: Vec<usize>,
    accepted: usize,
}

fn server(net: &mut Net<Seen>) -> (Server, u16) {
    let server = net.create_server(|net, socket| {
        net.state.accepted += 1;
        socket.on_error(net, |_, _, _| {});
        socket.on_data(net, |net, socket, chunk| {
            net.state.chunks.push(chunk.len());
            if !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
    });
    server.listen(net, Listen::port(0).host("127.0.0.1")).unwrap();
    net.dispatch().unwrap();
    let port = server.port(net).expect("it listens");
    (server, port)
}

fn connected(net: &mut Net<Seen>, port: u16, count: usize) -> Vec<TcpStream> {
    let open = |_| {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_nonblocking(true).unwrap();
        stream
    };
    let before = net.state.accepted;
    let streams: Vec<_> = (0..count).map(open).collect();
    while net.state.accepted < before + count {
        net.dispatch().unwrap();
    }
    streams
}

/// Writes until the system takes no more; how much it took.
fn fill(stream: &mut TcpStream, block: &[u8]) -> usize {
    let mut sent = 0;
    loop {
        match stream.write(block) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
}

/// All that has come back.
fn drain(stream: &mut TcpStream) -> usize {
    let (mut got, mut part) = (0, vec![0; BLOCK as usize]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => panic!("the server has closed"),
            Ok(count) => got += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return got,
            Err(error) => panic!("{error}"),
        }
    }
}

fn finish(mut net: Net<Seen>, server: Server, streams: Vec<TcpStream>) {
    drop(streams);
    server.close(&mut net);
    net.run().unwrap();
    assert_eq!(net.core().census().handles, 0);
}

/// One that has sent all it could before the loop looks, and always has more: at most 32 reads of it come before the byte of
/// each of the others, in every round.
#[test]
fn a_greedy_connection_does_not_hold_up_the_others() {
    let _alone = alone();
    let mut net = Net::new(Seen::default()).unwrap();
    let (server, port) = server(&mut net);
    let mut streams = connected(&mut net, port, 101);
    let block = vec![7; BLOCK as usize];
    let mut greedy_chunks = 0;
    for _round in 0..20 {
        let (greedy, others) = streams.split_first_mut().unwrap();
        fill(greedy, &block);
        for other in &mut *others {
            assert_eq!(other.write(b"x").unwrap(), 1);
        }
        net.state.chunks.clear();
        net.dispatch().unwrap();
        let chunks = std::mem::take(&mut net.state.chunks);
        let of_greedy = chunks.iter().filter(|&&len| len > 1).count();
        assert!(of_greedy <= 32, "{of_greedy} chunks of one connection in one round");
        assert_eq!(chunks.len() - of_greedy, 100, "each of the others in the same round");
        greedy_chunks += of_greedy;
        drain(greedy);
        for other in others {
            assert_eq!(drain(other), 1);
        }
    }
    assert!(greedy_chunks >= 20, "it was greedy: {greedy_chunks}");
    finish(net, server, streams);
}

/// Peers that send until nothing is taken any more, and never read: the server stops taking, and what it holds is bounded.
#[test]
fn what_peers_that_never_read_take_is_bounded() {
    const PEERS: usize = 20;
    let _alone = alone();
    let mut net = Net::new(Seen::default()).unwrap();
    let (server, port) = server(&mut net);
    net.state.chunks.reserve(1 << 20);
    let mut streams = connected(&mut net, port, PEERS);
    let before = Counting::live();
    let block = vec![7; BLOCK as usize];
    let (mut idle, mut sent) = (0, 0);
    while idle < 20 {
        let took: usize = streams.iter_mut().map(|stream| fill(stream, &block)).sum();
        net.dispatch().unwrap();
        sent += took;
        idle = if took == 0 { idle + 1 } else { 0 };
        let grown = (Counting::live() - before) / PEERS as u64;
        assert!(grown <= BOUND, "{grown} bytes a connection, after {sent} bytes");
    }
    assert!(sent > PEERS * 1_000_000, "the system took {sent} bytes");
    finish(net, server, streams);
}

/// As many segments of one byte as go, one at a time, over one connection: each comes back, none is waited for, and what they
/// take meanwhile does not grow with their number.
#[test]
fn a_flood_of_single_bytes_is_echoed_in_bounded_memory() {
    const BYTES: usize = 50_000;
    let _alone = alone();
    let mut net = Net::new(Seen::default()).unwrap();
    let (server, port) = server(&mut net);
    net.state.chunks.reserve(2 * BYTES);
    let mut streams = connected(&mut net, port, 1);
    let stream = &mut streams[0];
    let before = Counting::live();
    let (mut sent, mut got) = (0, 0);
    while got < BYTES {
        // Ahead of the reader by as many as a backlog of such segments has.
        while sent < BYTES && sent - got < 1000 {
            match stream.write(b"x") {
                Ok(count) => sent += count,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    break;
                }
            }
        }
        net.dispatch().unwrap();
        got += drain(stream);
        let grown = Counting::live() - before;
        assert!(grown <= 2 * BOUND, "{grown} bytes after {got}");
    }
    let echoed: usize = net.state.chunks.iter().sum();
    assert_eq!((sent, got, echoed), (BYTES, BYTES, BYTES));
    finish(net, server, streams);
}
