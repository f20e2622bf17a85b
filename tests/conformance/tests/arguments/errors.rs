//! Each kind of error, made as `spec/node/error_fields.js` makes it.

use super::case::describe;
use netfold::{
    AbortController, BlockList, Connect, Encoding, Family, Listen, LookupCode, Net, NodeError, ServerOptions,
    SharedError, SocketAddress, SocketAddressOptions, SocketOptions,
};
use std::path::Path;

/// Two addresses that nobody listens on.
const TWO: &[(&str, u32)] = &[("127.0.0.1", 4), ("127.0.0.2", 4)];

type Loop = Net<Option<SharedError>>;

/// The error that is kept by the time nothing is left to do.
fn kept(make: impl FnOnce(&mut Loop)) -> SharedError {
    let mut net = Net::new(None).expect("a loop");
    make(&mut net);
    net.run().expect("every error is listened for");
    net.state.take().expect("an error is kept")
}

fn thrown<T: std::fmt::Debug>(call: impl FnOnce(&mut Net<()>) -> Result<T, SharedError>) -> SharedError {
    call(&mut Net::new(()).expect("a loop")).expect_err("it throws")
}

fn refused<T: std::fmt::Debug>(result: Result<T, NodeError>) -> SharedError {
    result.expect_err("it throws").into()
}

/// A callback that keeps its error.
fn keep<T>() -> impl Fn(&mut Loop, T, Result<(), &NodeError>) + 'static {
    |net, _, result| net.state = result.err().cloned().map(SharedError::new)
}

fn idle(net: &mut Loop) -> netfold::Socket {
    let socket = net.socket(SocketOptions::default()).expect("a socket");
    socket.on_error(net, |_, _, _| {});
    socket
}

fn connects(to: impl Into<Connect>) -> SharedError {
    kept(|net| {
        let socket = net.connect(to).expect("nothing is thrown");
        socket.on_error(net, |net, _, error| net.state = Some(error));
    })
}

fn listens(on: impl Into<Listen>) -> SharedError {
    kept(|net| {
        let server = net.server(ServerOptions::default());
        server.on_error(net, |net, _, error| net.state = Some(error));
        server.listen(net, on).expect("nothing is thrown");
    })
}

/// With a `lookup` that gives these.
fn looks_up(to: Connect, addresses: &'static [(&'static str, u32)]) -> SharedError {
    kept(|net| {
        let socket = net.socket(SocketOptions::default()).expect("a socket");
        socket.on_error(net, |net, _, error| net.state = Some(error));
        let answer = move |net: &mut Loop, asked: netfold::LookupRequest| match addresses {
            [] => asked.answer(net, Err(LookupCode::NotFound)),
            addresses => asked.answer_text(net, addresses),
        };
        socket.connect_looking_up(net, to.host("some.name"), answer).expect("nothing is thrown");
    })
}

/// The errors of calls.
fn of_calls() -> Vec<(&'static str, SharedError)> {
    let address = |options| refused(SocketAddress::new(&options));
    let local = || Connect::port(9).host("localhost");
    vec![
        ("bad port", thrown(|net| net.connect(65536))),
        ("bad port, text", thrown(|net| net.connect("65536"))),
        ("bad port, listen", thrown(|net| net.server(ServerOptions::default()).listen(net, 65536))),
        ("bad port, address", address(SocketAddressOptions { port: 65536, ..Default::default() })),
        ("invalid address of this end", thrown(|net| net.connect(Connect::port(9).local_address("x")))),
        ("invalid family", thrown(|net| net.connect(local().family(5)))),
        ("invalid hints", thrown(|net| net.connect(local().hints(1)))),
        ("out of range", thrown(|net| net.socket(SocketOptions::default())?.set_timeout(net, -1.0))),
        ("out of range, size", thrown(|net| net.socket(SocketOptions::default())?.read_n(net, (1 << 30) + 1))),
        ("out of range, prefix", refused(BlockList::new().add_subnet("1.1.1.1", 33))),
        ("out of range, attempt", thrown(|net| net.connect(Connect::port(9).auto_select_family_attempt_timeout(0)))),
        ("invalid argument", thrown(|net| net.server(ServerOptions::default()).listen(net, Listen::path("")))),
        ("invalid range", refused(BlockList::new().add_range("1.1.1.2", "1.1.1.1"))),
        ("invalid family, address", refused("x".parse::<Family>())),
        ("invalid address", address(SocketAddressOptions { address: Some("x".into()), ..Default::default() })),
        ("unknown encoding", refused(Encoding::from_name("x"))),
    ]
}

/// The errors of streams.
fn of_streams() -> Vec<(&'static str, SharedError)> {
    vec![
        ("socket closed", kept(|net| assert!(!idle(net).write_then(net, "x", keep())))),
        (
            "write after end",
            kept(|net| {
                let over = idle(net);
                over.end(net);
                over.write_then(net, "x", keep());
            }),
        ),
        (
            "destroyed, write",
            kept(|net| {
                let gone = idle(net);
                gone.destroy(net);
                gone.write_then(net, "x", keep());
            }),
        ),
        (
            "destroyed, end",
            kept(|net| {
                let gone = idle(net);
                gone.destroy(net);
                gone.end(net);
                gone.end_then(net, keep());
            }),
        ),
        (
            "reset without a connection",
            kept(|net| {
                let socket = idle(net);
                socket.on_error(net, |net, _, error| net.state = Some(error));
                socket.reset_and_destroy(net).expect("nothing is thrown");
            }),
        ),
        (
            "closed before connection",
            kept(|net| {
                let never = net.connect(("127.0.0.1", 9)).expect("nothing is thrown");
                never.write_then(net, "x", keep());
                never.destroy(net);
            }),
        ),
        ("not running", kept(|net| net.server(ServerOptions::default()).close_then(net, keep()))),
        (
            "aborted",
            kept(|net| {
                let controller = AbortController::new();
                let to = Connect::port(9).host("127.0.0.1").signal(controller.signal());
                let socket = net.connect(to).expect("nothing is thrown");
                socket.on_error(net, |net, _, error| net.state = Some(error));
                controller.abort(net);
            }),
        ),
        ("of the user", of_the_user(None)),
        ("of the user, with a code", of_the_user(Some("EBOOM".into()))),
    ]
}

fn of_the_user(code: Option<String>) -> SharedError {
    kept(|net| {
        let socket = idle(net);
        socket.on_error(net, |net, _, error| net.state = Some(error));
        socket.destroy_with(net, NodeError::User { code, message: "boom".into(), tag: 0 });
    })
}

/// The errors of the system that need nothing else.
fn of_the_system() -> Vec<(&'static str, SharedError)> {
    let here = || Connect::port(9).host("127.0.0.1");
    let nowhere = Path::new("/nf-no-such-folder/x");
    let name = || Connect::port(9);
    let one = || name().auto_select_family(false);
    vec![
        ("refused", connects(here())),
        ("refused, IPv6", connects(("::1", 9))),
        ("refused, bound to an address", connects(here().local_address("127.0.0.2"))),
        ("no path", connects(nowhere)),
        ("bind", connects(here().local_address("192.0.2.1"))),
        ("bind, wrong family", connects(here().local_address("::1"))),
        ("aggregate", looks_up(name(), TWO)),
        ("lookup, no address", looks_up(one(), &[("x", 4)])),
        ("lookup, no family", looks_up(one(), &[("127.0.0.1", 5)])),
        ("lookup", looks_up(name(), &[])),
        ("listen, not available", listens(("192.0.2.1", 0))),
        ("listen, no folder", listens(nowhere)),
    ]
}

/// Those with a port of this end: any free one, told as the one that Node was given.
fn of_bound() -> Vec<(&'static str, String)> {
    let here = |port| Connect::port(9).host("127.0.0.1").local_port(port);
    let kind = |name, told: u16, make: &dyn Fn(u16) -> SharedError| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
        (name, text(&make(free.port())).replace(&format!(": {}", free.port()), &format!(": {told}")))
    };
    vec![
        kind("refused, bound", 65533, &|port| connects(here(port))),
        kind("refused, bound to both", 65532, &|port| connects(here(port).local_address("127.0.0.2"))),
        kind("aggregate, bound", 65534, &|port| looks_up(Connect::port(9).local_port(port), TWO)),
    ]
}

/// What takes a server too.
fn already_listening() -> SharedError {
    kept(|net| {
        let server = net.create_server(|_, _| {});
        server.listen(net, Listen::port(0)).expect("nothing is thrown");
        net.state = server.listen(net, Listen::port(0)).err();
        server.close(net);
    })
}

fn reset_by_the_peer() -> SharedError {
    kept(|net| {
        let server = net.create_server(|net, peer| {
            peer.on_data(net, |net, peer, _| peer.reset_and_destroy(net).expect("nothing is thrown"));
        });
        server.listen_then(net, Listen::port(0).host("127.0.0.1"), |net, server| {
            let port = server.port(net).expect("TCP");
            let socket = net.connect(("127.0.0.1", port)).expect("nothing is thrown");
            socket.on_connect(net, |net, socket| assert!(socket.write(net, "x")));
            socket.on_error(net, move |net, _, error| {
                net.state = Some(error);
                server.close(net);
            });
        });
    })
}

fn ended_by_the_peer() -> SharedError {
    kept(|net| {
        let server = net.create_server(|net, peer| peer.end(net));
        server.listen_then(net, Listen::port(0).host("127.0.0.1"), |net, server| {
            let port = server.port(net).expect("TCP");
            let socket = net.connect(("127.0.0.1", port)).expect("nothing is thrown");
            socket.resume(net);
            socket.on_error(net, |_, _, _| {});
            let late = move |net: &mut Loop| {
                socket.write_then(net, "x", keep());
                server.close(net);
            };
            socket.on_end(net, move |net, _| net.next_tick(move |net| net.next_tick(late)));
        });
    })
}

#[cfg(unix)]
fn invalid_handle_type(path: &str) -> SharedError {
    let peer = std::os::unix::net::UnixListener::bind(path).expect("a path");
    let error = kept(|net| {
        let socket = net.connect(Path::new(path)).expect("nothing is thrown");
        socket.on_connect(net, |net, socket| {
            net.state = socket.reset_and_destroy(net).err();
            socket.destroy(net);
        });
    });
    drop(peer);
    error
}

fn text(error: &NodeError) -> String {
    let errors: Vec<_> = error.errors().iter().map(|error| describe(error)).collect();
    let errors = if errors.is_empty() { String::new() } else { format!(" | errors {}", errors.join("; ")) };
    describe(error) + &errors
}

/// Every kind that Rust can make, with its text.
pub fn kinds() -> Vec<(&'static str, String)> {
    let groups = [of_calls(), of_streams(), of_the_system()];
    let mut out: Vec<_> = groups.into_iter().flatten().map(|(name, error)| (name, text(&error))).collect();
    for kind in &mut out {
        if kind.0 == "no path" {
            kind.1 = kind.1.replace("/nf-no-such-folder/x", "FILE");
        }
    }
    out.extend(of_bound());
    out.push(("already listening", text(&already_listening())));
    out.push(("reset by the peer", text(&reset_by_the_peer())));
    out.push(("ended by the peer", text(&ended_by_the_peer())));
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = other.local_addr().expect("an address").port();
    out.push(("listen, in use", text(&listens(("127.0.0.1", port))).replace(&port.to_string(), "PORT")));
    #[cfg(unix)]
    {
        let path = netfold_conformance::Log::new().temp_path();
        out.push(("invalid handle type", text(&invalid_handle_type(&path))));
        let in_use = text(&listens(Path::new(&path))).replace(&path, "FILE");
        std::fs::remove_file(&path).expect("it is there");
        out.push(("listen, path in use", in_use));
    }
    out
}
