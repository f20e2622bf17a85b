//! The programs of `spec/node` about servers (`t20_...`).

use netfold_core::EventKind::*;
use netfold_core::{ServerOptions, SocketOptions};
use netfold_pair::*;

fn ip(server: Server) -> String {
    server.address().map_or("null".into(), |a| a.ip().to_string())
}

#[test]
fn t20_address_in_use() {
    program(node_log!("t20_address_in_use"), || {
        let server = actor("server");
        let other = new_server();
        other.listen_cb(Server::any(0), move || {
            let srv = new_server();
            server.watch_server(srv, "listening close error");
            srv.listen_on(Server::any(i64::from(other.port()))).expect("listen does not throw");
            server.log(format!("listening {}", srv.listening()));
            srv.on(Error, move || {
                server.log(format!("listening {} address {}", srv.listening(), ip(srv)));
                other.close();
            });
        });
    });
}

#[test]
fn t20_address_not_available() {
    program(node_log!("t20_address_not_available"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening close error");
        srv.on_error(move |error| server.log(format!("keys {}", keys(error))));
        srv.listen_on(Server::host("192.0.2.1", 0)).expect("listen does not throw");
    });
}

#[test]
fn t20_close_in_listening() {
    program(node_log!("t20_close_in_listening"), || {
        let server = actor("server");
        let srv = new_server();
        srv.on(Listening, move || {
            server.log("first");
            srv.close_cb(server.cb("close"));
        });
        srv.on(Listening, move || server.log(format!("second listening {}", srv.listening())));
        server.watch_server(srv, "close");
        srv.listen_cb(Server::any(0), move || server.log("listen callback"));
    });
}

#[test]
fn t20_close_with_connections() {
    program(node_log!("t20_close_with_connections"), || {
        let server = actor("server");
        let peers = cell([None; 2]);
        let connections = move |srv: Server| srv.get_connections(move |n| server.log(format!("connections {n}")));
        let srv = create_server(move |srv, peer: Socket| {
            peer.ignore_errors();
            peer.resume();
            let [first, _] = peers.get();
            let Some(first): Option<Socket> = first else {
                peers.set([Some(peer), None]);
                return;
            };
            srv.close_cb(server.cb("close"));
            connections(srv);
            set_immediate(move || {
                server.log("destroy 1");
                first.destroy();
                connections(srv);
                set_immediate(move || {
                    server.log("destroy 2");
                    peer.destroy();
                    connections(srv);
                });
            });
        });
        server.watch_server(srv, "connection close");
        srv.listen(move || {
            connect(srv.port()).resume();
            connect(srv.port()).resume();
        });
    });
}

#[test]
fn t20_connection_listeners_part() {
    program(node_log!("t20_connection_listeners_part"), || {
        let server = actor("server");
        let srv = create_server(move |srv, peer| {
            let (state, flowing) = (peer.ready_state(), peer.flowing());
            server.log(format!("listener readyState {state} flowing {flowing}"));
            next_tick(move || server.log("tick"));
            srv.close();
        });
        srv.on_connection(move |peer| {
            server.log("connection");
            peer.resume();
        });
        srv.listen(move || {
            let sock = connect(srv.port());
            sock.on(Connect, move || sock.end());
        });
    });
}

#[test]
fn t20_destroy_in_connection() {
    program(node_log!("t20_destroy_in_connection"), || {
        let both = actor("server and s");
        let srv = create_server(move |srv, peer| {
            both.log("connection");
            peer.on_close(move |had_error| both.log(format!("s.close {}", had_error.is_some_and(|e| e))));
            srv.close_cb(both.cb("close"));
            peer.destroy();
        });
        srv.on(ServerClose, move || both.log("server.close"));
        srv.listen(move || connect(srv.port()).resume());
    });
}

#[test]
fn t20_drop_pipe() {
    program(node_log!("t20_drop_pipe"), || {
        let (server, c2) = (actor("server"), actor("c2"));
        let path: &'static str = temp_path().leak();
        let first = cell(None::<Socket>);
        let srv = create_server(move |srv, peer| {
            peer.resume();
            let second = connect_path(path);
            c2.watch(second, "connect ready end finish error close");
            second.resume();
            second.on(Close, move || {
                first.get().expect("connected").end();
                srv.close();
            });
        });
        srv.set_max_connections(1);
        server.watch_server(srv, "connection drop close");
        srv.listen_cb(Server::path(path), move || {
            let client = connect_path(path);
            first.set(Some(client));
            client.resume();
        });
    });
}

#[test]
fn t20_drop_zero() {
    program(node_log!("t20_drop_zero"), || {
        let server = actor("server");
        let srv = create_server(|srv, peer| {
            peer.resume();
            srv.close();
        });
        srv.set_max_connections(0);
        server.watch_server(srv, "connection drop close");
        srv.listen(move || {
            let sock = connect(srv.port());
            sock.on(Connect, move || sock.end());
        });
    });
}

#[test]
fn t20_get_connections_part() {
    program(node_log!("t20_get_connections_part"), || {
        let server = actor("server");
        let srv = create_server(move |srv, peer| {
            peer.ignore_errors();
            peer.resume();
            srv.get_connections(move |n| server.log(format!("connected {n}")));
            server.log("called");
            peer.destroy();
            srv.close();
        });
        srv.on(ServerClose, move || srv.get_connections(move |n| server.log(format!("closed {n}"))));
        srv.get_connections(move |n| server.log(format!("fresh {n}")));
        srv.listen(move || connect(srv.port()).resume());
    });
}

#[test]
fn t20_high_water_mark() {
    program(node_log!("t20_high_water_mark"), || {
        let s = actor("s");
        let socket = SocketOptions { high_water_mark: Some(100), ..SocketOptions::default() };
        let options = ServerOptions { socket, ..ServerOptions::default() };
        let server = create_server_with(options, move |server, peer| {
            server.close();
            let (readable, writable) = peer.marks();
            s.log(format!("marks {readable} {writable}"));
            peer.resume();
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || sock.end());
        });
    });
}

#[test]
fn t20_listen_close_listen() {
    program(node_log!("t20_listen_close_listen"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen_cb(Server::any(0), move || server.log("listen callback 1"));
        srv.close_cb(server.cb("close 1"));
        srv.listen_cb(Server::any(0), move || server.log("listen callback 2"));
        set_immediate(move || srv.close_cb(server.cb("close 2")));
    });
}

#[test]
fn t20_listen_close_same_turn() {
    program(node_log!("t20_listen_close_same_turn"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen_cb(Server::any(0), move || server.log("listen callback"));
        srv.close_cb(server.cb("close"));
        server.log(format!("listening {}", srv.listening()));
    });
}

#[test]
fn t20_listen_forms_part() {
    program(node_log!("t20_listen_forms_part"), || {
        let server = actor("server");
        let backlog = |backlog| netfold_core::ListenOn::Port { port: 0, host: None, backlog, ipv6_only: false };
        let attempt = move |label: &'static str, on, callback: bool| {
            let srv = new_server();
            srv.on(Listening, move || {
                let addr = srv.address().expect("listening");
                server.log(format!("{label} {} IPv{}", addr.ip(), if addr.is_ipv4() { 4 } else { 6 }));
                srv.close();
            });
            match callback {
                true => srv.listen_cb(on, move || server.log("callback")),
                false => srv.listen_on(on).expect("listen does not throw"),
            }
        };
        attempt("listen(0)", Server::any(0), false);
        attempt("listen(0, cb)", Server::any(0), true);
        attempt("listen(0, 5, cb)", backlog(5), true);
        attempt("listen({port: 0, backlog: 3})", backlog(3), false);
        attempt("listen({port: 0, host: \"127.0.0.1\"})", Server::local(0), false);
        attempt("listen({port: 0, host: \"\"})", Server::host("", 0), false);
        attempt("listen(0, \"::1\")", Server::host("::1", 0), false);
    });
}

#[test]
fn t20_listen_host() {
    program(node_log!("t20_listen_host"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen(move || server.log("listen callback"));
        server.log(format!("listening {} address {}", srv.listening(), ip(srv)));
        next_tick(move || server.log(format!("tick listening {}", srv.listening())));
        srv.on(Listening, move || srv.close());
    });
}

#[test]
fn t20_listen_host_close() {
    program(node_log!("t20_listen_host_close"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen(move || server.log("listen callback"));
        srv.close_cb(server.cb("close"));
        set_immediate(move || server.log(format!("listening {}", srv.listening())));
    });
}

#[test]
fn t20_listen_host_twice() {
    program(node_log!("t20_listen_host_twice"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen_cb(Server::local(0), move || server.log("listen callback 1"));
        srv.listen_cb(Server::host("127.0.0.2", 0), move || server.log("listen callback 2"));
        srv.on(Listening, move || server.log(format!("address {}", ip(srv))));
        set_immediate(move || srv.close());
    });
}

#[test]
fn t20_listen_no_host_part() {
    program(node_log!("t20_listen_no_host_part"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        server.log(format!("address {} listening {}", ip(srv), srv.listening()));
        srv.listen_on(Server::any(0)).expect("listen does not throw");
        server.log(format!("listening {}", srv.listening()));
        server.log(format!("address {} IPv6 {}", ip(srv), mask_port(srv.port())));
        srv.on(Listening, move || srv.close());
    });
}

#[test]
fn t20_listen_throws_part() {
    program(node_log!("t20_listen_throws_part"), || {
        let server = actor("server");
        let attempt = |label: &str, on| {
            let srv = new_server();
            server.watch_server(srv, "listening error close");
            server.throws(label, srv.listen_on(on));
            server.log(format!("listening {}", srv.listening()));
            srv.listen_cb(Server::any(0), move || srv.close());
        };
        attempt("listen(70000)", Server::any(70_000));
        attempt("listen(-1)", Server::any(-1));
        let host = Some("127.0.0.1".into());
        let on = netfold_core::ListenOn::Port { port: 65_536, host, backlog: 0, ipv6_only: false };
        attempt("listen({port: 65536, host: \"127.0.0.1\"})", on);
        attempt("listen({path: \"\"})", Server::path(""));
    });
}

#[test]
fn t20_listen_twice() {
    program(node_log!("t20_listen_twice"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening error close");
        srv.listen_on(Server::any(0)).expect("the first listen");
        server.throws("listen()", srv.listen_on(Server::any(0)));
        srv.on(Listening, move || {
            server.throws("listen()", srv.listen_on(Server::any(0)));
            srv.close();
        });
    });
}

#[test]
fn t20_no_error_listener() {
    program(node_log!("t20_no_error_listener"), || {
        let server = actor("server");
        on_uncaught(move |error| server.log(format!("uncaught {}", error_text(error))));
        let other = new_server();
        other.listen(move || {
            let srv = new_server();
            srv.listen_on(Server::local(other.port())).expect("listen does not throw");
            set_immediate(move || other.close());
        });
    });
}

#[test]
fn t20_path_echo() {
    program(node_log!("t20_path_echo"), || {
        let (c, s) = (actor("c"), actor("s"));
        let path: &'static str = temp_path().leak();
        let server = create_server(move |server, peer| {
            server.close();
            let keys = if peer.local().is_some() { 3 } else { 0 };
            let remote = peer.remote().map_or("undefined".to_string(), |a| a.to_string());
            s.log(format!("address keys {keys} remoteAddress {remote}"));
            s.watch(peer, "data end finish error close");
            peer.on_data(move |chunk| {
                peer.write(Buf(chunk.clone()));
            });
        });
        server.listen_cb(Server::path(path), move || {
            let sock = connect_path(path);
            c.watch(sock, "connect ready data end finish error close");
            sock.on(Connect, move || {
                let r = sock.write_cb("hello", c.cb("w"));
                c.log(format!("write(5) -> {r}"));
            });
            sock.on(Data, move || sock.end());
        });
    });
}

#[test]
fn t20_path_in_use() {
    program(node_log!("t20_path_in_use"), || {
        let server = actor("server");
        let path: &'static str = temp_path().leak();
        let other = new_server();
        other.listen_cb(Server::path(path), move || {
            let srv = new_server();
            server.watch_server(srv, "listening close error");
            srv.on_error(move |error| {
                server.log(format!("keys {} port {}", keys(error), error.port().unwrap_or_default()));
                server.log(format!("listening {}", srv.listening()));
                other.close();
            });
            srv.listen_on(Server::path(path)).expect("listen does not throw");
            server.log(format!("listening {}", srv.listening()));
        });
    });
}

#[test]
fn t20_pause_on_connect() {
    program(node_log!("t20_pause_on_connect"), || {
        let s = actor("s");
        let server = create_server_with(paused(), move |server, peer| {
            server.close();
            s.log(format!("isPaused {} flowing {}", peer.is_paused(), peer.flowing()));
            s.watch(peer, "pause resume data end finish close");
            set_timeout(20, move || {
                s.log(format!("bytesRead {} readableLength {}", peer.bytes_read(), peer.readable_length()));
                peer.resume();
            });
        });
        server.listen(move || {
            let sock = connect(server.port());
            sock.on(Connect, move || sock.end_with("hello"));
        });
    });
}

#[test]
fn t20_relisten() {
    program(node_log!("t20_relisten"), || {
        let server = actor("server");
        let srv = new_server();
        server.watch_server(srv, "listening connection error close");
        srv.listen_cb(Server::any(0), move || {
            server.log("listen callback 1");
            srv.close();
        });
        srv.once(ServerClose, move || {
            srv.listen_cb(Server::any(0), move || {
                server.log("listen callback 2");
                srv.close_cb(server.cb("close"));
            });
        });
    });
}

#[test]
fn t20_throw_in_connection() {
    program(node_log!("t20_throw_in_connection"), || {
        let server = actor("server");
        on_uncaught(move |error| server.log(format!("uncaught {}", error_text(error))));
        let accepted = cell(0);
        let srv = create_server(move |srv, peer| {
            accepted.set(accepted.get() + 1);
            server.log(format!("connection {}", accepted.get()));
            peer.resume();
            if accepted.get() == 1 {
                let sock = connect(srv.port());
                sock.on(Connect, move || sock.end());
                return throw("boom");
            }
            srv.close_cb(server.cb("close"));
            Ok(())
        });
        srv.listen(move || {
            let sock = connect(srv.port());
            sock.on(Connect, move || sock.end());
        });
    });
}
