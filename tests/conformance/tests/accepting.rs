//! What a server lets in and with which options, what it keeps alive, and what it says of itself.

use netfold::EventKind::*;
use netfold::{Address, BlockList, Connect as To, Listen, Net, Server, ServerOptions, SocketOptions};
use netfold_conformance::{Actor, Log, mask_port, port_of};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// Connects, reads on, and does not mind errors.
fn visit<S>(net: &mut Net<S>, port: u16) -> netfold::Socket {
    let sock = net.connect((LOCALHOST, port)).unwrap();
    sock.on_error(net, |_, _, _| {});
    sock.resume(net);
    sock
}

type Bounds = Rc<RefCell<VecDeque<(i64, &'static str)>>>;
type Clients = Rc<RefCell<Vec<netfold::Socket>>>;

/// The next client, and when it is in or dropped the next bound.
fn next_bound(net: &mut Loop, srv: Server, server: Actor, bounds: Bounds, clients: Clients) {
    if bounds.borrow().is_empty() {
        srv.close(net);
        for sock in clients.take() {
            sock.destroy(net);
        }
        return;
    }
    let port = port_of(net, srv);
    clients.borrow_mut().push(visit(net, port));
    let gone = Rc::new(Cell::new(false));
    for event in [Drop, Connection] {
        let (gone, server, bounds, clients) = (gone.clone(), server.clone(), bounds.clone(), clients.clone());
        srv.once(net, event, move |net, srv, _| {
            if gone.replace(true) {
                return;
            }
            let (bound, name) = bounds.borrow_mut().pop_front().expect("a bound is left");
            srv.set_max_connections(net, bound);
            assert_eq!(srv.view(net).unwrap().max_connections, bound);
            server.log(net, format!("maxConnections {name}"));
            let (server, bounds, clients) = (server.clone(), bounds.clone(), clients.clone());
            net.set_immediate(move |net| next_bound(net, srv, server, bounds, clients));
        });
    }
}

#[test]
fn t20_max_connections() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = net.create_server(|net, peer| peer.resume(net));
    srv.set_max_connections(net, -1);
    server.watch_server(net, srv, &[Connection, ServerClose]);
    let actor = server.clone();
    srv.on_drop(net, move |net, _, info| {
        let info = info.expect("TCP");
        assert!(info.local.is_some() && info.remote.is_some());
        actor.log(net, "drop localAddress,localPort,localFamily,remoteAddress,remotePort,remoteFamily");
    });
    // null is what a bound that is no number becomes, and no bound.
    let bounds = VecDeque::from([(1, "1"), (1, "1"), (0, "0"), (-5, "-5"), (0, "null")]);
    let bounds = Rc::new(RefCell::new(bounds));
    srv.listen_then(net, (LOCALHOST, 0), move |net, srv| {
        next_bound(net, srv, server.clone(), bounds.clone(), Clients::default());
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_max_connections.log"));
}

#[test]
fn t20_unref() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let [before, after, again] = [(); 3].map(|()| net.server(ServerOptions::default()));
    before.unref(net);
    before.listen(net, (LOCALHOST, 0)).unwrap();
    after.listen_then(net, (LOCALHOST, 0), |net, srv| srv.unref(net));
    again.listen_then(net, 0, |net, srv| srv.close(net));
    again.unref(net);
    again.ref_(net);
    for srv in [before, after, again] {
        server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    }
    net.set_timeout(20.0, move |net| {
        let listening = [before, after, again].map(|srv| srv.listening(net).to_string());
        server.log(net, format!("listening {}", listening.join(" ")));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_unref.log"));
    assert!(before.listening(net) && after.listening(net), "they are left behind");
}

#[test]
fn t20_unref_ends() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = net.server(ServerOptions::default());
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    srv.unref(net);
    srv.listen_then(net, (LOCALHOST, 0), move |net, srv| {
        srv.ref_(net);
        let server = server.clone();
        let timer = net.set_timeout(20.0, move |net| {
            server.log(net, "alive");
            srv.close(net);
        });
        net.unref_timer(timer);
    });
    net.set_timeout(1.0, |_| {});
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_unref_ends.log"));
}

fn log_address(net: &mut Loop, server: &Actor, srv: Server, label: &str) {
    let text = match srv.address(net) {
        Address::None => String::from("null"),
        Address::Path(_) => String::from("the path"),
        Address::Tcp(a) => {
            let family = if a.is_ipv4() { "IPv4" } else { "IPv6" };
            format!("address,family,port {} {family} {}", a.ip(), mask_port(a.port()))
        }
    };
    server.log(net, format!("{label} {text}"));
}

fn next_address(net: &mut Loop, server: Actor, srv: Server, mut forms: VecDeque<Listen>) {
    let Some(form) = forms.pop_front() else { return };
    let actor = server.clone();
    srv.listen_then(net, form, move |net, srv| {
        log_address(net, &actor, srv, "listening");
        srv.close(net);
        log_address(net, &actor, srv, "closed");
        let (server, forms) = (actor.clone(), forms.clone());
        srv.once(net, ServerClose, move |net, srv, _| next_address(net, server.clone(), srv, forms.clone()));
    });
    log_address(net, &server, srv, "called");
}

#[test]
fn t20_address_kinds() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let srv = net.server(ServerOptions::default());
    log_address(net, &server, srv, "new");
    let host = |host| Listen::port(0).host(host);
    let path = Listen::from(Path::new(&path));
    next_address(net, server, srv, [host(LOCALHOST), host("::1"), Listen::port(0), path, host(LOCALHOST)].into());
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_address_kinds.log"));
}

fn log_form(net: &mut Loop, server: Actor, mut forms: VecDeque<(&'static str, Server)>) {
    let Some((label, srv)) = forms.pop_front() else { return };
    assert_eq!(srv.address(net), Address::None);
    let (count, listening) = (srv.listener_count(net, Connection), srv.listening(net));
    server.log(net, format!("{label} listeners {count} listening {listening} address null"));
    if count == 0 {
        return log_form(net, server, forms);
    }
    srv.listen_then(net, (LOCALHOST, 0), move |net, srv| {
        let port = port_of(net, srv);
        let sock = net.connect((LOCALHOST, port)).unwrap();
        sock.resume(net);
        let (server, forms) = (server.clone(), forms.clone());
        sock.on_close(net, move |net, _, _| {
            let (server, forms) = (server.clone(), forms.clone());
            srv.close_then(net, move |net, _, _| log_form(net, server.clone(), forms.clone()));
        });
    });
}

#[test]
fn t20_server_forms_part() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let listener = |net: &mut Loop, peer: netfold::Socket, server: &Actor| {
        let view = peer.view(net).unwrap();
        let marks = (view.readable_high_water_mark(), view.writable_high_water_mark());
        let (half_open, paused) = (view.allow_half_open(), view.is_paused());
        let text = format!("allowHalfOpen {half_open} marks {} {} isPaused {paused}", marks.0, marks.1);
        server.log(net, format!("listener {text}"));
        peer.end(net);
        peer.resume(net);
    };
    let plain = ServerOptions::default();
    let half_open = ServerOptions { socket: SocketOptions { allow_half_open: true, ..plain.socket }, ..plain };
    let paused = ServerOptions { pause_on_connect: true, ..plain };
    let no_mark = ServerOptions { socket: SocketOptions { high_water_mark: Some(0), ..plain.socket }, ..plain };
    let mut forms = VecDeque::new();
    for (label, options, listens) in [
        ("new Server()", Some(plain), false),
        ("new Server(listener)", None, true),
        ("new Server({}, listener)", Some(plain), true),
        ("createServer()", Some(plain), false),
        ("createServer(listener)", None, true),
        ("createServer(null, listener)", Some(plain), true),
        ("createServer({ allowHalfOpen }, listener)", Some(half_open), true),
        ("createServer({ pauseOnConnect }, listener)", Some(paused), true),
        ("createServer({ highWaterMark: 0 }, listener)", Some(no_mark), true),
    ] {
        let actor = server.clone();
        let listen = move |net: &mut Loop, peer| listener(net, peer, &actor);
        let srv = match (options, listens) {
            (Some(options), false) => net.server(options),
            (Some(options), true) => net.create_server_with(options, listen),
            (None, _) => net.create_server(listen),
        };
        forms.push_back((label, srv));
    }
    log_form(net, server, forms);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_server_forms_part.log"));
}

/// S10: the options reach the descriptor of a connection, and no other.
#[cfg(unix)]
#[test]
fn accepted_connections_have_the_servers_options() {
    use rustix::net::sockopt;
    use std::time::Duration;
    let plain = ServerOptions::default();
    let socket = SocketOptions { no_delay: true, keep_alive: true, keep_alive_delay: 7_999, ..plain.socket };
    for options in [plain, ServerOptions { socket, ..plain }] {
        let on = options.socket.no_delay;
        let mut net = Net::new(0);
        let net = net.as_mut().unwrap();
        let srv = net.server(options);
        srv.on_connection(net, move |net, peer| {
            let fd = net.kernel().fd(net.core().handle_of(peer.id()).unwrap()).unwrap();
            assert_eq!(sockopt::tcp_nodelay(fd), Ok(on));
            assert_eq!(sockopt::socket_keepalive(fd), Ok(on));
            assert_eq!(sockopt::tcp_keepidle(fd) == Ok(Duration::from_secs(7)), on);
            net.state += 1;
            peer.destroy(net);
            srv.close(net);
        });
        srv.listen(net, Listen::port(0)).unwrap();
        let port = srv.port(net).unwrap();
        visit(net, port);
        net.run().unwrap();
        assert_eq!(net.state, 1);
    }
}

/// D31
#[test]
fn dispose_closes_a_server_that_listens() {
    let mut net = Net::new(Vec::new()).unwrap();
    let net = &mut net;
    let srv = net.server(ServerOptions::default());
    srv.on_close(net, |net, _| net.state.push("close"));
    srv.dispose(net, |net| net.state.push("disposed of"));
    net.run().unwrap();
    assert_eq!(std::mem::take(&mut net.state), ["disposed of"], "without an event");
    srv.listen(net, 0).unwrap();
    let port = srv.port(net).unwrap();
    srv.on_connection(net, move |net, peer| {
        srv.dispose(net, |net| net.state.push("disposed of"));
        net.state.push(if srv.listening(net) { "listens" } else { "listens no more" });
        net.set_immediate(move |net| {
            net.state.push("destroy");
            peer.destroy(net);
        });
    });
    visit(net, port);
    net.run().unwrap();
    assert_eq!(net.state, ["listens no more", "destroy", "close", "disposed of"]);
}

/// D31, F13
#[test]
fn dispose_destroys_a_socket() {
    let mut net = Net::new(Vec::<String>::new()).unwrap();
    let net = &mut net;
    let idle = net.socket(SocketOptions::default()).unwrap();
    idle.on_error(net, |net, _, error| net.state.push(format!("error {}", error.code())));
    idle.on_close(net, |net, _, had_error| net.state.push(format!("close {had_error:?}")));
    for name in ["one", "two"] {
        idle.dispose(net, move |net| net.state.push(name.into()));
    }
    assert!(idle.destroyed(net) && net.state.is_empty());
    net.run().unwrap();
    assert_eq!(std::mem::take(&mut net.state), ["error ABORT_ERR", "close None", "one", "two"]);
    // One that was forgotten, and one that nobody listens to.
    idle.dispose(net, |net| net.state.push("over".into()));
    assert!(net.state.is_empty(), "in a tick");
    let silent = net.socket(SocketOptions::default()).unwrap();
    silent.dispose(net, |net| net.state.push("unheard".into()));
    net.run().unwrap();
    assert_eq!(net.state, ["over", "unheard"], "its error counts as listened for");
}

/// D30: `connections` is the count that `getConnections` tells.
#[test]
fn connections_are_counted() {
    let mut net = Net::new(Vec::new()).unwrap();
    let net = &mut net;
    let srv = net.server(ServerOptions::default());
    assert_eq!(srv.connections(net), 0);
    srv.on_connection(net, move |net, peer| {
        let now = srv.connections(net);
        net.state.push(now);
        srv.get_connections(net, |net, count| net.state.push(10 + count));
        peer.destroy(net);
        let then = srv.connections(net);
        net.state.push(then);
        srv.close(net);
    });
    srv.listen(net, 0).unwrap();
    let port = srv.port(net).unwrap();
    visit(net, port);
    net.run().unwrap();
    assert_eq!(net.state, [1, 0, 11]);
}

fn blocking(address: &str) -> BlockList {
    let mut list = BlockList::new();
    list.add_address(address).expect("an address");
    list
}

/// S27, D29
#[test]
fn a_server_closes_what_its_block_list_names() {
    for host in [LOCALHOST, "::"] {
        let mut net = Net::new(Vec::new()).unwrap();
        let net = &mut net;
        let srv = net.create_server(|net, peer| {
            net.state.push("connection");
            peer.end(net);
            peer.resume(net);
        });
        srv.on_drop(net, |net, _, _| net.state.push("drop"));
        srv.set_block_list(net, Some(blocking(LOCALHOST)));
        srv.listen_then(net, (host, 0), move |net, srv| {
            let port = srv.port(net).unwrap();
            let blocked = visit(net, port);
            blocked.on_end(net, |net, _| net.state.push("end"));
            blocked.on_close(net, move |net, _, _| {
                assert_eq!(srv.connections(net), 0);
                // Over the bound it is dropped before the list is looked at.
                srv.set_max_connections(net, -1);
                let dropped = visit(net, port);
                dropped.on_close(net, move |net, _, _| {
                    srv.set_max_connections(net, 0);
                    srv.set_block_list(net, Some(blocking("127.0.0.9")));
                    let welcome = visit(net, port);
                    welcome.on_close(net, move |net, _, _| srv.close(net));
                });
            });
        });
        net.run().unwrap();
        assert_eq!(net.state, ["end", "drop", "connection"], "on {host}");
    }
}

/// S27
#[test]
fn a_block_list_means_nothing_to_a_path() {
    let (log, mut net) = (Log::new(), Net::new(0).unwrap());
    let path = log.temp_path();
    let srv = net.create_server(|net, peer| {
        net.state += 1;
        peer.destroy(net);
    });
    srv.on_connection(&mut net, move |net, _| srv.close(net));
    srv.set_block_list(&mut net, Some(blocking(LOCALHOST)));
    srv.listen(&mut net, Path::new(&path)).unwrap();
    let sock = net.connect(To::path(&path).block_list(&blocking(LOCALHOST))).unwrap();
    sock.on_error(&mut net, |_, _, _| {});
    sock.resume(&mut net);
    net.run().unwrap();
    assert_eq!(net.state, 1);
}

/// S28, D29
#[test]
fn a_socket_does_not_connect_to_what_its_block_list_names() {
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let server = net.create_server(|_, _| panic!("nobody connects"));
    let actor = c.clone();
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let to = To::port(port).host(LOCALHOST).block_list(&blocking(LOCALHOST));
        let sock = net.connect(to).unwrap();
        actor.watch(net, sock, &[ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close]);
        let again = Cell::new(true);
        sock.on_close(net, move |net, sock, _| {
            if again.replace(false) {
                // The list stays with the socket.
                sock.connect(net, (LOCALHOST, port)).unwrap();
            } else {
                server.close(net);
            }
        });
    });
    net.run().unwrap();
    let blocked = "tick: connectionAttempt 127.0.0.1 PORT 4\n\
                   tick: error ERR_IP_BLOCKED \"IP(127.0.0.1) is blocked by net.BlockList\"\n\
                   turn: close true\n";
    assert_eq!(log.text(), format!("== c\n{blocked}{blocked}"));
}

/// S28: of several addresses those that are blocked fail before they are attempted.
#[test]
fn of_several_addresses_the_blocked_ones_are_passed_over() {
    fn connect(net: &mut Loop, port: u16, list: BlockList) -> netfold::Socket {
        let sock = net.socket(SocketOptions::default()).unwrap();
        let to = To::port(port).host("some.name").auto_select_family(true).block_list(&list);
        sock.connect_looking_up(net, to, move |net, request| {
            let found = ["127.0.0.2", LOCALHOST].map(|ip| ip.parse::<IpAddr>().unwrap());
            net.set_immediate(move |net| request.answer(net, Ok(found.to_vec())));
        })
        .unwrap();
        sock
    }
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let (c, d) = (log.actor("c"), log.actor("d"));
    let server = net.create_server(|net, peer| peer.resume(net));
    server.listen_then(&mut net, (LOCALHOST, 0), move |net, server| {
        let port = port_of(net, server);
        let watched = [ConnectionAttempt, ConnectionAttemptFailed, Connect, Error, Close];
        let sock = connect(net, port, blocking("127.0.0.2"));
        c.watch(net, sock, &watched);
        let d = d.clone();
        sock.on_connect(net, move |net, sock| {
            let attempted = sock.auto_select_family_attempted_addresses(net).unwrap();
            assert_eq!(attempted, [format!("127.0.0.1:{port}")]);
            sock.destroy(net);
            server.close(net);
            let mut both = blocking("127.0.0.2");
            both.add_address(LOCALHOST).unwrap();
            let sock = connect(net, port, both);
            d.watch(net, sock, &watched);
            sock.on_error(net, |_, _, error| {
                let codes: Vec<_> = error.errors().iter().map(|e| e.code()).collect();
                assert_eq!(codes, ["ERR_IP_BLOCKED", "ERR_IP_BLOCKED"]);
            });
        });
    });
    net.run().unwrap();
    let failed = |ip| format!("connectionAttemptFailed {ip} PORT 4 ERR_IP_BLOCKED");
    let (second, first) = (failed("127.0.0.2"), failed("127.0.0.1"));
    let went_on = format!("turn: {second} | connectionAttempt 127.0.0.1 PORT 4\nturn: connect\nturn: close false\n");
    let gave_up = format!("turn: {second} | {first}\ntick: error ERR_IP_BLOCKED \"\"\nturn: close true\n");
    assert_eq!(log.text(), format!("== c\n{went_on}== d\n{gave_up}"));
}
