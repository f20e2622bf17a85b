//! What Node has and netfold has otherwise, or not: what stands in its place (deviations D40 to D51), and the port of
//! rule S21.

use netfold::EventKind::{self, *};
use netfold::{Connect, Listen, Net, ServerOptions, SharedError, Socket, SocketOptions};
use std::cell::Cell;
use std::net::TcpStream;
use std::rc::Rc;

/// D40: nothing to chain. What can throw says so in its type; a socket is a name that can be used again.
#[test]
fn calls_return_what_there_is_to_know() {
    let mut net = Net::new(()).unwrap();
    let sock = net.socket(SocketOptions::default()).unwrap();
    let setters: [fn(Socket, &mut Net<()>); 7] = [
        |sock, net| sock.set_no_delay(net, true),
        |sock, net| sock.set_keep_alive(net, true, 0),
        |sock, net| sock.ref_(net),
        |sock, net| sock.unref(net),
        |sock, net| sock.pause(net),
        |sock, net| sock.resume(net),
        |sock, net| sock.end(net),
    ];
    for set in setters {
        set(sock, &mut net);
    }
    let () = sock.set_timeout(&mut net, 5.0).unwrap();
    let threw: Result<(), SharedError> = sock.set_timeout(&mut net, -1.0);
    assert_eq!(threw.unwrap_err().code(), "ERR_OUT_OF_RANGE");
    let again = sock;
    again.destroy(&mut net);
    assert!(sock.destroyed(&net));
}

/// D41: two chunks written are bytes in a row; the reader sees no border of an object.
#[test]
fn a_stream_carries_bytes_in_a_row() {
    let mut net = Net::new(Vec::new()).unwrap();
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.cork(net);
        peer.write(net, "ab");
        peer.write(net, "cd");
        peer.uncork(net);
        peer.end(net);
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
        let port = server.port(net).unwrap();
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        sock.on_data(net, |net, _, chunk| net.state.extend_from_slice(&chunk));
    });
    net.run().unwrap();
    assert_eq!(net.state, b"abcd");
}

/// A toy cipher over a socket: what `setSecure` did inside one.
fn layered(net: &mut Net<Vec<u8>>, sock: Socket, key: u8, read: impl Fn(&mut Net<Vec<u8>>, Vec<u8>) + 'static) {
    sock.on_data(net, move |net, _, chunk| read(net, chunk.iter().map(|byte| byte ^ key).collect()));
}

fn write_layered(net: &mut Net<Vec<u8>>, sock: Socket, key: u8, text: &[u8]) {
    sock.write(net, text.iter().map(|byte| byte ^ key).collect::<Vec<_>>());
}

/// D43
#[test]
fn a_layer_stands_on_a_socket() {
    const KEY: u8 = 0x5a;
    let mut net = Net::new(Vec::new()).unwrap();
    let server = net.server(ServerOptions::default());
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        layered(net, peer, KEY, move |net, text| write_layered(net, peer, KEY, &text));
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
        let port = server.port(net).unwrap();
        let sock = net.connect(("127.0.0.1", port)).unwrap();
        write_layered(net, sock, KEY, b"secret");
        layered(net, sock, KEY, move |net, text| {
            net.state.extend(text);
            if net.state.len() == 6 {
                sock.end(net);
            }
        });
    });
    net.run().unwrap();
    assert_eq!(net.state, b"secret");
}

/// D44: a place is a port or a path, so neither is ignored.
#[test]
fn a_place_is_a_port_or_a_path() {
    assert_eq!(Connect::path("/x").host("y").family(4).local_port(1), Connect::path("/x"));
    assert_eq!(Listen::path("/x").host("y"), Listen::path("/x"));
    assert_ne!(Listen::path("80"), Listen::port(80));
}

/// D49
#[test]
fn the_events_are_a_closed_set() {
    let mut names: Vec<_> = EventKind::ALL.iter().map(|event| event.name()).collect();
    names.sort_unstable();
    names.dedup();
    for name in ["newListener", "removeListener"] {
        assert!(!names.contains(&name));
    }
    for (event, name) in
        [(Data, "data"), (ConnectionAttemptTimeout, "connectionAttemptTimeout"), (ServerClose, "close")]
    {
        assert_eq!(event.name(), name);
    }
    assert_eq!(names.len(), EventKind::ALL.len() - 1, "two are 'close'");
}

/// D49: any number of listeners, and nothing is printed.
#[test]
fn listeners_have_no_greatest_number() {
    let mut net = Net::new(0).unwrap();
    let sock = net.socket(SocketOptions::default()).unwrap();
    for _ in 0..100 {
        sock.on_pause(&mut net, |net, _| net.state += 1);
    }
    sock.pause(&mut net);
    assert_eq!(net.state, 100);
    sock.destroy(&mut net);
    net.run().unwrap();
}

/// S21: after the server's side closed first, its port is in TIME_WAIT, and can be listened on at once.
#[test]
fn a_port_in_time_wait_can_be_listened_on() {
    let mut net = Net::new(None).unwrap();
    let server = net.create_server(|net, peer| peer.end(net));
    server.listen(&mut net, ("127.0.0.1", 0)).unwrap();
    let guest = Rc::new(Cell::new(None));
    let (connects, closes) = (guest.clone(), guest);
    server.on_listening(&mut net, move |net, server| {
        let port = server.port(net).unwrap();
        if net.state.replace(port).is_none() {
            connects.set(Some(TcpStream::connect(("127.0.0.1", port)).unwrap()));
        } else {
            server.close(net);
        }
    });
    server.on_connection(&mut net, move |net, peer| {
        server.close(net);
        peer.on_finish(net, {
            let closes = closes.clone();
            move |_, _| drop(closes.take())
        });
    });
    let again = Cell::new(true);
    server.on_close(&mut net, move |net, server| {
        if again.replace(false) {
            let port = net.state.unwrap();
            server.listen(net, ("127.0.0.1", port)).unwrap();
            assert!(!server.listening(net), "an address is bound a tick later");
        }
    });
    net.run().unwrap();
}

/// D51: Node says ['end'] of a new socket, and ['close', 'end', 'connect'] of the one that writes before it is connected.
#[test]
fn the_machines_own_steps_are_not_counted() {
    let mut net = Net::new(()).unwrap();
    let sock = net.connect_looking_up(Connect::port(9).host("some.name"), |_, _| {}).unwrap();
    sock.write(&mut net, "a");
    assert_eq!(sock.event_names(&net), []);
    assert_eq!(sock.listener_count(&net, Connect), 0);
    assert_eq!(net.core().listener_count(sock.id().into(), Connect), 1);
    let first = sock.on_ready(&mut net, |_, _| {});
    sock.on_end(&mut net, |_, _| {});
    sock.on_ready(&mut net, |_, _| {});
    assert_eq!(sock.event_names(&net), [Ready, End]);
    sock.off(&mut net, first);
    assert_eq!(sock.event_names(&net), [End, Ready]);
    sock.destroy(&mut net);
    net.run().unwrap();
}
