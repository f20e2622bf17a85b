//! setEncoding: the programs `r21c` of `spec/node`, line by line.

use netfold::EventKind::*;
use netfold::{Encoding, Net, ServerOptions, Socket};
use netfold_conformance::{Actor, Log, port_of, when};
use std::cell::Cell;

type Peer = &'static Cell<Option<Socket>>;

fn actor(log: &Log, name: &str) -> &'static Actor {
    Box::leak(Box::new(log.actor(name)))
}

/// A server that takes one connection, greets it, and leaves it here.
fn greeting(net: &mut Net<()>, bytes: &'static [u8]) -> (netfold::Server, Peer) {
    let peer: Peer = Box::leak(Box::new(Cell::new(None)));
    let server = net.server(ServerOptions::default());
    server.on_connection(net, move |net, accepted| {
        server.close(net);
        peer.set(Some(accepted));
        accepted.resume(net);
        if !bytes.is_empty() {
            accepted.write(net, bytes);
        }
    });
    (server, peer)
}

fn dial<S>(net: &mut Net<S>, server: netfold::Server) -> Socket {
    let port = port_of(net, server);
    net.connect(("127.0.0.1", port)).unwrap()
}

fn length(net: &Net<()>, sock: Socket) -> u64 {
    sock.view(net).unwrap().readable_length()
}

/// Goes on once so many bytes were read.
fn at(net: &mut Net<()>, sock: Socket, bytes: u64, then: impl FnOnce(&mut Net<()>) + 'static) {
    when(net, move |net| sock.bytes_read(net) == bytes, then);
}

#[test]
fn r20_r21_set_encoding() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = greeting(&mut net, &[0x61, 0xc3]);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = dial(net, server);
        sock.set_encoding(net, Encoding::Utf8);
        sock.on_text(net, move |net, _, text| c.log(net, format!("data {} {:?}", text.units(), &*text)));
        c.watch(net, sock, &[End, Close]);
        at(net, sock, 2, move |net| {
            let peer = peer.get().unwrap();
            peer.write(net, &[0xa9]);
            at(net, sock, 3, move |net| {
                peer.write(net, &[0xe2]);
                at(net, sock, 4, move |net| {
                    let (read, length) = (sock.bytes_read(net), length(net, sock));
                    c.log(net, format!("bytesRead {read} readableLength {length}"));
                    peer.end_with(net, &[0x82]);
                });
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21c_set_encoding.log"));
}

#[test]
fn r19_set_encoding_late() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = greeting(&mut net, &[0x61, 0xc3]);
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = dial(net, server);
        at(net, sock, 2, move |net| {
            peer.get().unwrap().write(net, &[0xa9, 0x62]);
            at(net, sock, 4, move |net| {
                c.log(net, format!("readableLength {}", length(net, sock)));
                sock.set_encoding(net, Encoding::Utf8);
                c.log(net, format!("readableLength {}", length(net, sock)));
                c.watch(net, sock, &[Data, End, Close]);
                peer.get().unwrap().end(net);
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21c_set_encoding_late.log"));
}

/// `read(n)`, logged with the text it gave.
fn read(net: &mut Net<()>, c: &Actor, sock: Socket, n: Option<u32>) {
    let got = match n {
        Some(n) => sock.read_text_n(net, n).unwrap(),
        None => sock.read_text(net),
    };
    let got = got.map_or(String::from("null"), |text| format!("{} {text}", text.units()));
    let n = n.map_or(String::from("undefined"), |n| n.to_string());
    c.log(net, format!("read({n}) {got} left {}", length(net, sock)));
}

#[test]
fn r19_r20_encoding_read() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = greeting(&mut net, b"\x61\xf0\x9d\x84\x9e\xc3");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = dial(net, server);
        c.watch(net, sock, &[Readable, End, Close]);
        sock.set_encoding(net, Encoding::Utf8);
        at(net, sock, 6, move |net| {
            let peer = peer.get().unwrap();
            c.log(net, format!("readableLength {}", length(net, sock)));
            read(net, c, sock, Some(4));
            read(net, c, sock, Some(2));
            peer.write(net, b"\xa9\xe2\x82\xac\x62\xe2");
            at(net, sock, 12, move |net| {
                read(net, c, sock, Some(2));
                sock.set_encoding(net, Encoding::Latin1);
                sock.set_encoding(net, Encoding::Hex);
                c.log(net, format!("readableLength {}", length(net, sock)));
                peer.write(net, b"\x0a\xff");
                at(net, sock, 14, move |net| {
                    read(net, c, sock, Some(2));
                    read(net, c, sock, None);
                    sock.set_encoding(net, Encoding::Base64);
                    peer.write(net, b"abcd");
                    at(net, sock, 18, move |net| {
                        c.log(net, format!("readableLength {}", length(net, sock)));
                        peer.end(net);
                        // `_readableState.ended`: what was begun is only kept at EOF.
                        when(
                            net,
                            move |net| length(net, sock) == 8,
                            move |net| {
                                c.log(net, format!("readableLength {}", length(net, sock)));
                                read(net, c, sock, Some(5));
                                read(net, c, sock, None);
                                read(net, c, sock, None);
                            },
                        );
                    });
                });
            });
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21c_encoding_read.log"));
}

fn send(net: &mut Net<()>, peer: Peer, sock: Socket, at_chunk: usize) {
    const CHUNKS: [&[u8]; 3] = [b"\x34\xd8\x34", b"\xd8\x1e\xdd\xc3\xa9\xf0\x9d", b"\x84\x9e\xe2"];
    const BYTES: [u64; 3] = [3, 10, 13];
    let to = peer.get().unwrap();
    match CHUNKS.get(at_chunk) {
        None => to.end(net),
        Some(&chunk) => {
            to.write(net, chunk);
            at(net, sock, BYTES[at_chunk], move |net| send(net, peer, sock, at_chunk + 1));
        }
    }
}

#[test]
fn x2_r20_encodings() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    for &encoding in Encoding::ALL {
        let given = (encoding != Encoding::Utf8).then_some(encoding);
        let c = actor(&log, given.map_or("null", |given| given.name()));
        let (server, peer) = greeting(&mut net, b"");
        server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
            let sock = dial(net, server);
            sock.set_encoding(net, given);
            sock.on_text(net, move |net, _, text| {
                let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                c.log(net, format!("data {} {hex}", text.units()));
            });
            c.watch(net, sock, &[End, Close]);
            when(net, move |net| peer.get().is_some() && !sock.connecting(net), move |net| send(net, peer, sock, 0));
        });
    }
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/r21c_encodings.log"));
}

#[test]
fn d14_read_over_a_border_gives_what_was_asked() {
    let mut net = Net::new(()).unwrap();
    let log = Log::new();
    let c = actor(&log, "c");
    let (server, peer) = greeting(&mut net, b"a");
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let sock = dial(net, server);
        sock.set_encoding(net, Encoding::Utf8);
        at(net, sock, 1, move |net| {
            peer.get().unwrap().write(net, "bcde");
            at(net, sock, 5, move |net| {
                let text = sock.read_text_n(net, 3).unwrap().unwrap();
                c.log(net, format!("read(3) {text} left {}", length(net, sock)));
                sock.destroy(net);
            });
        });
    });
    net.run().unwrap();
    assert_eq!(log.text(), "== c\nturn: read(3) abc left 2\n");
    let node = include_str!("../../../spec/node/d14_read_over_border.log");
    assert_eq!(node, "== c\nturn: read(3) abcde left 2\n", "Node gives five characters and still counts two");
}

/// The face: bytes are there with an encoding too, text only with one.
#[test]
fn r19_bytes_and_text_on_the_face() {
    let mut net = Net::new(Vec::new()).unwrap();
    let server = net.create_server(move |net, peer| peer.end_with(net, "é"));
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        for encoding in [None, Some(Encoding::Hex)] {
            let sock = dial(net, server);
            if let Some(encoding) = encoding {
                sock.set_encoding(net, encoding);
            }
            sock.on_data(net, move |net, _, bytes| net.state.push(format!("{encoding:?} bytes {bytes:?}")));
            sock.on_text(net, move |net, _, text| net.state.push(format!("{encoding:?} text {text}")));
            sock.on_close(net, move |net, sock, _| {
                assert_eq!(sock.read_text(net), None);
                if encoding.is_some() {
                    server.close(net);
                }
            });
        }
    });
    net.run().unwrap();
    net.state.sort();
    let expected = ["None bytes b\"\\xc3\\xa9\"", "Some(Hex) bytes b\"c3a9\"", "Some(Hex) text c3a9"];
    assert_eq!(net.state, expected);
}
