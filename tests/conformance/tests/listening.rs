//! The forms and options of `listen`, on real sockets.
#![cfg(unix)]

use netfold::EventKind::*;
use netfold::{Address, Listen, Net, Server, ServerOptions, SharedError};
use netfold_conformance::{Actor, Log, error_text, port_of};
use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::rc::Rc;

const LOCALHOST: &str = "127.0.0.1";

type Loop = Net<()>;

fn new() -> (Log, Loop) {
    (Log::new(), Net::new(()).expect("a loop"))
}

/// `net.createServer()`
fn plain(net: &mut Loop) -> Server {
    net.server(ServerOptions::default())
}

/// `server.close(server.cb(name))`
fn close_logged(net: &mut Loop, server: Server, actor: &Actor, name: &'static str) {
    let actor = actor.clone();
    server.close_then(net, move |net, _, result| {
        let error = result.map_or_else(|error| error_text(Some(error)), |()| String::from("undefined"));
        actor.log(net, format!("cb {name} {error}"));
    });
}

fn log_throws(net: &Loop, actor: &Actor, label: &str, result: Result<(), SharedError>) {
    match result {
        Ok(()) => actor.log(net, format!("{label} ok")),
        Err(error) => actor.log(net, format!("{label} threw {}", error_text(Some(&error)))),
    }
}

fn bound() -> TcpListener {
    TcpListener::bind((LOCALHOST, 0)).expect("a free port")
}

#[test]
fn t20_listen_zone() {
    const HOSTS: [&str; 6] = ["::1%lo", "::1%nope", "0:0:0:0:0:0:0:1%lo", "::%lo", "fe80::ffff%lo", "fe80::ffff%nope"];
    fn listen(net: &mut Loop, c: &'static Actor, host: &'static str, port: u16, then: impl Fn(&mut Loop) + 'static) {
        let then = Rc::new(then);
        let srv = plain(net);
        let end = if port == 0 { format!(" {host}") } else { format!(" {host}:{port}") };
        let next = then.clone();
        srv.on_error(net, move |net, _, error| {
            let (code, address, named) = (error.code(), error.address().unwrap(), error.to_string().ends_with(&end));
            c.log(net, format!("{host}: {code} {address} {} {named}", error.port().is_none()));
            next(net);
        });
        srv.on_listening(net, move |net, srv| {
            let Address::Tcp(address) = srv.address(net) else { panic!("a port") };
            c.log(net, format!("{host}: listening {}", address.ip()));
            let then = then.clone();
            srv.close_then(net, move |net, _, _| then(net));
        });
        srv.listen(net, (host, port)).unwrap();
        c.log(net, format!("{host}: called {}", srv.listening(net)));
    }
    fn next(net: &mut Loop, c: &'static Actor, server: Server, at: usize) {
        match HOSTS.get(at) {
            Some(host) => listen(net, c, host, 0, move |net| next(net, c, server, at + 1)),
            None => {
                let port = port_of(net, server);
                listen(net, c, HOSTS[2], port, move |net| server.close(net));
            }
        }
    }
    let (log, mut net) = new();
    let c: &'static Actor = Box::leak(Box::new(log.actor("c")));
    let server = plain(&mut net);
    server.listen_then(&mut net, ("::1", 0), move |net, server| next(net, c, server, 0));
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_zone.log"));
}

/// What Node does with one that is bound it does with one that listens too.
#[test]
fn t20_listen_fd() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    let actor = server.clone();
    srv.on_connection(net, move |net, peer| {
        let remote = peer.remote_address(net).expect("connected");
        actor.log(net, format!("remote {remote}"));
        peer.end(net);
        peer.resume(net);
        close_logged(net, srv, &actor, "close");
    });
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let actor = server.clone();
    srv.once(net, Listening, move |net, srv, _| {
        actor.log(net, "listen callback");
        let again = srv.listen_fd(net, bound().into(), 0);
        log_throws(net, &actor, "listen()", again);
        let port = port_of(net, srv);
        net.connect((LOCALHOST, port)).unwrap().resume(net);
    });
    let fd = bound();
    let at = fd.local_addr().unwrap();
    srv.listen_fd(net, fd.into(), 3).unwrap();
    assert_eq!(srv.address(net), Address::Tcp(at));
    let text = format!("address {} IPv4 {}", at.ip(), at.port() > 0);
    server.log(net, format!("listening {} {text}", srv.listening(net)));
    let actor = server.clone();
    srv.on_close(net, move |net, srv| {
        let open = TcpStream::connect(at).is_ok();
        assert_eq!(srv.address(net), Address::None);
        actor.log(net, format!("open {open} address null"));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_fd.log"));
}

#[test]
fn t20_listen_fd_unix() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let bound = UnixListener::bind(&path).unwrap();
    let srv = plain(net);
    let (actor, file) = (server.clone(), path.clone());
    srv.on_connection(net, move |net, peer| {
        assert_eq!((peer.address(net), peer.remote_address(net)), (None, None));
        actor.log(net, "address keys 0 remoteAddress undefined");
        peer.end(net);
        peer.resume(net);
        close_logged(net, srv, &actor, "close");
        actor.log(net, format!("exists {}", Path::new(&file).exists()));
    });
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let (actor, to) = (server.clone(), path.clone());
    srv.once(net, Listening, move |net, _, _| {
        actor.log(net, "listen callback");
        net.connect(Path::new(&to)).unwrap().resume(net);
    });
    srv.listen_fd(net, bound.into(), 0).unwrap();
    assert_eq!(srv.address(net), Address::None);
    server.log(net, format!("listening {} address null", srv.listening(net)));
    net.run().unwrap();
    std::fs::remove_file(path).unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_fd_unix.log"));
}

/// Listens on what cannot be listened on.
fn listen_in_vain(net: &mut Loop, server: &Actor, label: &'static str, fd: OwnedFd) {
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let actor = server.clone();
    srv.on_error(net, move |net, _, error| {
        assert_eq!((error.address(), error.port()), (None, None));
        actor.log(net, format!("{label} address null port undefined syscall {}", error.syscall().unwrap()));
    });
    srv.listen_fd(net, fd, 0).unwrap();
    assert_eq!(srv.address(net), Address::None);
    server.log(net, format!("{label} listening {} address null", srv.listening(net)));
}

/// S17, and D26: the descriptor is gone whatever it was.
#[test]
fn t20_listen_fd_errors() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let path = log.temp_path();
    let file = File::create(&path).unwrap();
    listen_in_vain(net, &server, "a file", file.into());
    std::fs::remove_file(path).unwrap();
    listen_in_vain(net, &server, "a device", File::open("/dev/null").unwrap().into());
    let (read, mut write) = std::io::pipe().unwrap();
    listen_in_vain(net, &server, "a pipe", read.into());
    let actor = server.clone();
    net.next_tick(move |net| {
        let udp = UdpSocket::bind((LOCALHOST, 0)).unwrap();
        listen_in_vain(net, &actor, "a datagram socket", udp.into());
    });
    net.set_immediate(move |net| {
        let other = bound();
        let connected = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        listen_in_vain(net, &server, "a connection", connected.into());
    });
    net.run().unwrap();
    assert_eq!(write.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    log.matches(include_str!("../../../spec/node/t20_listen_fd_errors.log"));
}

/// D26
#[test]
fn a_descriptor_that_cannot_listen_is_closed() {
    let mut net = Net::new(Vec::new()).unwrap();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let srv = net.server(ServerOptions::default());
    srv.on_error(&mut net, |net, _, error| net.state.push(error.to_string()));
    srv.listen_fd(&mut net, ours.into(), 0).unwrap();
    net.run().unwrap();
    assert_eq!(net.state, ["listen EINVAL: invalid argument"]);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0, "the other end is gone");

    // Nor does one stay that was given while the server listens.
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    srv.listen(&mut net, 0).unwrap();
    assert_eq!(srv.listen_fd(&mut net, ours.into(), 0).unwrap_err().code(), "ERR_SERVER_ALREADY_LISTEN");
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
    srv.close(&mut net);
    net.run().unwrap();
}

/// D27
#[test]
fn a_copy_of_a_descriptor_listens_beside_it() {
    let mut net = Net::new(Vec::new()).unwrap();
    let first = net.server(ServerOptions::default());
    let second = net.server(ServerOptions::default());
    for (name, srv) in [("first", first), ("second", second)] {
        srv.on_connection(&mut net, move |net, peer| {
            net.state.push(name);
            peer.end(net);
            peer.resume(net);
        });
    }
    assert!(first.fd(&net).is_none());
    first.listen(&mut net, (LOCALHOST, 0)).unwrap();
    let address = first.address(&mut net);
    assert_eq!(address, Address::None, "a host is listened on a tick later");
    first.on_listening(&mut net, move |net, first| {
        let copy = first.fd(net).unwrap().try_clone_to_owned().unwrap();
        second.listen_fd(net, copy, 0).unwrap();
        assert_eq!(first.address(net), second.address(net));
        first.close(net);
        let port = second.port(net).unwrap();
        let client = net.connect((LOCALHOST, port)).unwrap();
        client.resume(net);
        client.on_close(net, move |net, _, _| second.close(net));
    });
    net.run().unwrap();
    assert_eq!(net.state, ["second"]);
}

/// What a form is called, and what it does to the options.
#[cfg(target_os = "linux")]
type BacklogForm = (&'static str, fn(Listen) -> Listen);

/// Connects ten times before the server can accept, and logs how many were refused; then the next form.
#[cfg(target_os = "linux")]
fn count_refused(net: &mut Loop, log: Log, server: Actor, mut forms: Vec<BacklogForm>) {
    if forms.is_empty() {
        return;
    }
    let (label, with) = forms.remove(0);
    let path = log.temp_path();
    let srv = net.create_server(|net, peer| {
        peer.end(net);
        peer.resume(net);
    });
    let (refused, left) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(10)));
    let (to, counted) = (path.clone(), refused.clone());
    srv.on_listening(net, move |net, srv| {
        for _ in 0..10 {
            let sock = net.connect(Path::new(&to)).unwrap();
            sock.resume(net);
            let (refused, left) = (counted.clone(), left.clone());
            sock.on_error(net, move |_, _, error| {
                assert_eq!(error.code(), "EAGAIN");
                refused.set(refused.get() + 1);
            });
            sock.on_close(net, move |net, _, _| {
                left.set(left.get() - 1);
                if left.get() == 0 {
                    srv.close(net);
                }
            });
        }
    });
    srv.on_close(net, move |net, _| {
        server.log(net, format!("{label} refused {}", refused.get()));
        count_refused(net, log.clone(), server.clone(), forms.clone());
    });
    srv.listen(net, with(Listen::path(path))).unwrap();
}

/// On other systems a Unix server that is full makes connects wait, or refuses them with another code.
#[cfg(target_os = "linux")]
#[test]
fn t20_listen_backlog() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let forms: Vec<BacklogForm> = vec![
        ("listen(path, 1)", |on| on.backlog(1)),
        ("listen({ path, backlog: 1 })", |on| on.backlog(1)),
        ("listen({ path, backlog: 0 })", |on| on.backlog(0)),
        ("listen({ path, backlog: -1 })", |on| on.backlog(-1)),
        ("listen(path)", |on| on),
    ];
    count_refused(&mut net, log.clone(), server, forms);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_backlog.log"));
}

fn connect_by_ipv4(net: &mut Loop, server: Actor, mut forms: Vec<(Option<&'static str>, bool)>) {
    if forms.is_empty() {
        return;
    }
    let (host, only) = forms.remove(0);
    let srv = net.create_server(|net, peer| {
        peer.end(net);
        peer.resume(net);
    });
    let on = Listen::port(0).ipv6_only(only);
    srv.listen_then(net, if let Some(host) = host { on.host(host) } else { on }, move |net, srv| {
        let Address::Tcp(address) = srv.address(net) else { panic!("a TCP server") };
        let sock = net.connect((LOCALHOST, address.port())).unwrap();
        sock.resume(net);
        let code = Rc::new(RefCell::new(String::from("connected")));
        let seen = code.clone();
        sock.on_error(net, move |_, _, error| *seen.borrow_mut() = error.code().to_string());
        let (server, forms) = (server.clone(), forms.clone());
        sock.on_close(net, move |net, _, _| {
            let (host, code) = (host.unwrap_or("no host"), code.borrow());
            server.log(net, format!("{host} ipv6Only {only} {} IPv6 {code}", address.ip()));
            let (server, forms) = (server.clone(), forms.clone());
            srv.close_then(net, move |net, _, _| connect_by_ipv4(net, server.clone(), forms.clone()));
        });
    });
}

#[test]
fn t20_listen_ipv6_only() {
    let (log, mut net) = new();
    let server = log.actor("server");
    connect_by_ipv4(&mut net, server, vec![(Some("::"), true), (Some("::"), false), (None, true)]);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_ipv6_only.log"));
}

#[test]
fn t20_listen_exclusive() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let a = plain(net);
    server.watch_server(net, a, &[Listening, Error, ServerClose]);
    a.listen_then(net, Listen::port(0).host(LOCALHOST).exclusive(true), move |net, a| {
        let b = plain(net);
        server.watch_server(net, b, &[Listening, Error, ServerClose]);
        let port = port_of(net, a);
        b.listen(net, Listen::port(port).host(LOCALHOST).exclusive(false)).unwrap();
        b.on_error(net, move |net, _, _| a.close(net));
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_exclusive.log"));
}

#[test]
fn t20_listen_modes_abstract() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let srv = plain(net);
    server.watch_server(net, srv, &[Listening, Error, ServerClose]);
    let attempt = |net: &mut Loop, label: &str, on: Listen| {
        let listened = srv.listen(net, on);
        log_throws(net, &server, label, listened);
    };
    attempt(net, "readableAll", Listen::path("\0nf-mode").readable_all(true));
    attempt(net, "writableAll", Listen::path("\0nf-mode").writable_all(true));
    attempt(net, "both", Listen::path("\0nf-mode'\\").readable_all(true).writable_all(true));
    assert_eq!(srv.address(net), Address::None);
    server.log(net, format!("listening {} address null", srv.listening(net)));
    let name = format!("\0nf-mode-{}", std::process::id());
    // Where there are no abstract names the last line is another.
    if cfg!(target_os = "linux") {
        attempt(net, "none", Listen::path(name).readable_all(false));
        srv.close(net);
        net.run().unwrap();
        log.matches(include_str!("../../../spec/node/t20_listen_modes_abstract.log"));
    }
}

#[test]
fn t20_listen_reuse_addr() {
    let (log, mut net) = new();
    let net = &mut net;
    let server = log.actor("server");
    let first = plain(net);
    first.on_connection(net, move |net, peer| {
        first.close(net);
        peer.end(net);
        peer.resume(net);
    });
    server.watch_server(net, first, &[Listening, Error, ServerClose]);
    first.listen_then(net, (LOCALHOST, 0), move |net, first| {
        let port = port_of(net, first);
        net.connect((LOCALHOST, port)).unwrap().resume(net);
        let server = server.clone();
        first.on_close(net, move |net, _| {
            let second = plain(net);
            server.watch_server(net, second, &[Listening, Error, ServerClose]);
            second.listen_then(net, (LOCALHOST, port), |net, second| second.close(net));
        });
    });
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_reuse_addr.log"));
}

#[cfg(target_os = "linux")]
fn listen_on_kinds(net: &mut Loop, server: Actor, mut kinds: Vec<(&'static str, String, bool)>) {
    if kinds.is_empty() {
        return;
    }
    let (label, path, file) = kinds.remove(0);
    let exists = {
        let path = path.clone();
        move || if file { Path::new(&path).exists().to_string() } else { String::from("no file") }
    };
    let same = {
        let path = path.clone();
        move |net: &mut Loop, srv: Server| srv.address(net) == Address::Path(path.clone())
    };
    let srv = plain(net);
    let (actor, seen, same_then) = (server.clone(), exists.clone(), same.clone());
    srv.on_connection(net, move |net, peer| {
        assert_eq!(peer.remote_address(net), None);
        actor.log(net, "remoteAddress undefined");
        peer.end_with(net, "hello");
        peer.resume(net);
        let (server, exists, same, kinds) = (actor.clone(), seen.clone(), same_then.clone(), kinds.clone());
        srv.close_then(net, move |net, srv, _| {
            let same = same(net, srv);
            server.log(net, format!("{label} exists {} address same {same}", exists()));
            listen_on_kinds(net, server.clone(), kinds.clone());
        });
    });
    server.watch_server(net, srv, &[Listening, Connection, Error, ServerClose]);
    let (actor, to) = (server.clone(), path.clone());
    srv.listen_then(net, Listen::path(path), move |net, _| {
        let sock = net.connect(Path::new(&to)).unwrap();
        actor.watch(net, sock, &[Connect, Data, End, Error, Close]);
    });
    let same = same(net, srv);
    server.log(net, format!("{label} exists {} address same {same}", exists()));
}

/// Abstract names and a bound of 107 are Linux's.
#[cfg(target_os = "linux")]
#[test]
fn t20_path_kinds() {
    let (log, mut net) = new();
    let server = log.actor("server");
    let short = log.temp_path();
    let kinds = vec![
        ("107 bytes", format!("{short}{}", "x".repeat(107 - short.len())), true),
        ("a pipe", format!("\\\\?\\pipe\\nf-{}", std::process::id()), true),
        ("an abstract name", format!("\0nf-{}", std::process::id()), false),
    ];
    listen_on_kinds(&mut net, server, kinds);
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_path_kinds.log"));
}

/// D4, D28: at the bound of this system, and one byte beyond it.
#[test]
fn a_path_fits_up_to_the_bound_and_no_further() {
    let bound = if cfg!(target_os = "linux") { 107 } else { 103 };
    let (log, mut net) = (Log::new(), Net::new(Vec::new()).unwrap());
    let short = log.temp_path();
    let fits = format!("{short}{}", "y".repeat(bound - short.len()));
    for path in [fits.clone(), format!("{fits}y")] {
        let srv = net.server(ServerOptions::default());
        srv.on_error(&mut net, |net, _, error| net.state.push(error.code().to_string()));
        srv.on_listening(&mut net, |net, srv| {
            net.state.push(String::from("listening"));
            srv.close(net);
        });
        srv.listen(&mut net, Listen::path(&path)).unwrap();
        net.run().unwrap();
        let sock = net.connect(Path::new(&path)).unwrap();
        sock.on_error(&mut net, |net, _, error| net.state.push(error.code().to_string()));
        net.run().unwrap();
        assert!(!Path::new(&path).exists());
    }
    assert_eq!(net.state, ["listening", "ENOENT", "ENAMETOOLONG", "ENAMETOOLONG"]);
}

/// D28: an abstract name has the same bound, its NUL aside.
#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_fits_up_to_the_bound_and_no_further() {
    let mut net = Net::new(Vec::new()).unwrap();
    let name = format!("\0nf-{}", std::process::id());
    let fits = format!("{name}{}", "y".repeat(108 - name.len()));
    for path in [fits.clone(), format!("{fits}y")] {
        let srv = net.server(ServerOptions::default());
        srv.on_error(&mut net, |net, _, error| net.state.push(error.code().to_string()));
        srv.on_listening(&mut net, |net, srv| {
            net.state.push(String::from("listening"));
            srv.close(net);
        });
        srv.listen(&mut net, Listen::path(&path)).unwrap();
        net.run().unwrap();
    }
    assert_eq!(net.state, ["listening", "ENAMETOOLONG"]);
}

/// S20, D29
#[test]
fn servers_that_reuse_a_port_share_it() {
    let mut net = Net::new(Vec::new()).unwrap();
    let first = net.create_server(|net, peer| {
        net.state.push(String::from("first"));
        peer.end(net);
        peer.resume(net);
    });
    first.on_error(&mut net, |net, _, error| net.state.push(error.to_string()));
    first.listen(&mut net, Listen::port(0).reuse_port(true)).unwrap();
    if !cfg!(any(target_os = "linux", target_os = "freebsd", target_os = "dragonfly")) {
        net.run().unwrap();
        assert_eq!(net.state, ["listen ENOTSUP: operation not supported on socket 0.0.0.0"]);
        return;
    }
    let port = port_of(&mut net, first);
    let alone = net.server(ServerOptions::default());
    alone.on_error(&mut net, |net, _, error| net.state.push(error.code().to_string()));
    alone.listen(&mut net, port).unwrap();
    let second = net.create_server(|net, peer| {
        net.state.push(String::from("second"));
        peer.end(net);
        peer.resume(net);
    });
    second.listen(&mut net, Listen::port(port).reuse_port(true)).unwrap();
    assert!(second.listening(&net) && !alone.listening(&net));
    assert_eq!(second.port(&mut net), Some(port));
    first.close(&mut net);
    let client = net.connect((LOCALHOST, port)).unwrap();
    client.resume(&mut net);
    client.on_close(&mut net, move |net, _, _| second.close(net));
    net.run().unwrap();
    assert_eq!(net.state, ["EADDRINUSE", "second"]);
}

/// A trace in memory.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// S17, S19, S20, S23, S27, S28: what only these commands say is in the trace.
#[test]
fn what_servers_are_told_replays() {
    use netfold::core::trace::{Trace, replay};
    use netfold::{BlockList, Connect as To, Recording};
    let memory = Memory::default();
    let mut net = Net::recorded((), Recording::to(memory.clone())).unwrap();
    let net = &mut net;
    let mut list = BlockList::new();
    list.add_range("127.0.0.2", "127.0.0.9").unwrap();
    let path = Log::new().temp_path();
    let handed = bound();
    let to = handed.local_addr().unwrap();
    let servers = [(); 3].map(|()| {
        let srv = net.create_server(|net, peer| {
            peer.end(net);
            peer.resume(net);
        });
        srv.set_block_list(net, Some(list.clone()));
        srv.on_error(net, |_, _, _| {});
        srv
    });
    servers[0].listen_fd(net, handed.into(), 5).unwrap();
    servers[1].listen(net, Listen::path(&path).readable_all(true).writable_all(true)).unwrap();
    servers[2].listen(net, Listen::port(0).reuse_port(true).backlog(-1)).unwrap();
    servers[2].set_max_connections(net, -1);
    let left = Rc::new(Cell::new(4));
    let to = To::from(to);
    for to in
        [to.clone(), to.clone().local_address("127.0.0.2"), To::path(&path), to.host("127.0.0.3").block_list(&list)]
    {
        let sock = net.connect(to).unwrap();
        sock.on_error(net, |_, _, _| {});
        sock.resume(net);
        let left = left.clone();
        sock.on_close(net, move |net, _, _| {
            left.set(left.get() - 1);
            if left.get() == 0 {
                servers.iter().for_each(|srv| srv.close(net));
            }
        });
    }
    net.run().unwrap();
    net.finish_recording().unwrap();
    let replayed = replay(&Trace::parse(memory.0.borrow().clone()).unwrap()).unwrap();
    assert!(replayed.finished && replayed.inputs > 40, "{replayed:?}");
}
