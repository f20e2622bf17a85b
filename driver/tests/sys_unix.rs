//! Unix sockets.
#![cfg(unix)]

mod sys_support;

use netfold_core::*;
use std::os::unix::net::{UnixListener, UnixStream};
use std::rc::Rc;
use sys_support::*;

fn round_trip(path: &str, way: netfold::sys::Waiting) {
    let mut rig = Rig::new(way);
    let server = rig.server();
    rig.listen_path(server, path);
    rig.until(|log| log.iter().any(|(_, e)| *e == Event::Listening));
    let client = rig.socket();
    rig.react = Rc::new(echo);
    rig.connect_path(client, path);
    rig.write(client, "over a path");
    rig.until_rig(|rig| rig.data(client) == b"over a path");
    assert_eq!(rig.command(Command::Address(client, Side::Remote)), Outcome::Address(None));
    rig.command(Command::End(client, None, None));
    rig.command(Command::CloseServer(server, None));
    rig.run();
    assert_eq!(rig.heard(client, EventKind::Close), 1);
}

#[test]
fn a_path_round_trip_leaves_no_file() {
    for way in WAYS {
        let path = path("echo");
        round_trip(&path, way);
        assert!(!std::path::Path::new(&path).exists());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_socket_round_trip() {
    for way in WAYS {
        round_trip(&format!("\0netfold-{}", std::process::id()), way);
    }
}

#[test]
fn the_file_is_gone_before_the_server_answers_no_more() {
    let path = path("unlink");
    let mut rig = Rig::new(WAYS[0]);
    let server = rig.server();
    rig.listen_path(server, &path);
    rig.until(|log| log.iter().any(|(_, e)| *e == Event::Listening));
    assert!(std::path::Path::new(&path).exists());
    rig.command(Command::CloseServer(server, None));
    assert!(!std::path::Path::new(&path).exists(), "within the call, as in Node");
    rig.run();
}

#[test]
fn a_system_that_is_dropped_leaves_no_file() {
    let path = path("dropped");
    let mut rig = Rig::new(WAYS[0]);
    let server = rig.server();
    rig.listen_path(server, &path);
    assert!(std::path::Path::new(&path).exists());
    drop(rig);
    assert!(!std::path::Path::new(&path).exists());
}

#[test]
fn a_server_that_could_not_bind_removes_nothing() {
    let path = path("taken");
    let _owner = UnixListener::bind(&path).unwrap();
    let mut rig = Rig::new(WAYS[0]);
    let server = rig.server();
    rig.listen_path(server, &path);
    rig.run();
    assert_eq!(rig.error(server).as_deref(), Some("EADDRINUSE"));
    assert!(std::path::Path::new(&path).exists());
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_path_that_does_not_fit_is_too_long() {
    let path = path(&"x".repeat(120));
    let mut rig = Rig::new(WAYS[0]);
    let (server, client) = (rig.server(), rig.socket());
    rig.listen_path(server, &path);
    rig.connect_path(client, &path);
    rig.run();
    assert_eq!(rig.error(server).as_deref(), Some("ENAMETOOLONG"));
    assert_eq!(rig.error(client).as_deref(), Some("ENAMETOOLONG"));
}

#[test]
fn a_directory_that_is_absent_is_the_system_s_word() {
    let path = path("none") + "/socket";
    let mut rig = Rig::new(WAYS[0]);
    let (server, client) = (rig.server(), rig.socket());
    rig.listen_path(server, &path);
    rig.connect_path(client, &path);
    rig.run();
    assert_eq!(rig.replies("BindPath"), [Reply::Failed(Errno::ENOENT)]);
    assert_eq!(rig.error(server).as_deref(), Some("EACCES"), "libuv's word for it");
    assert_eq!(rig.error(client).as_deref(), Some("ENOENT"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_backlog_that_is_full_is_eagain() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
    let path = path("full");
    let owner = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    bind(&owner, &SocketAddrUnix::new(path.as_str()).unwrap()).unwrap();
    listen(&owner, 0).unwrap();
    let mut rig = Rig::new(WAYS[0]);
    let clients: Vec<_> = (0..3).map(|_| rig.socket()).collect();
    for client in &clients {
        rig.connect_path(*client, &path);
    }
    rig.until_rig(|rig| rig.error(clients[2]).is_some());
    assert_eq!(rig.error(clients[2]).as_deref(), Some("EAGAIN"));
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn data_and_hang_up_come_in_one_wait() {
    for way in WAYS {
        let path = path("hup");
        let mut rig = Rig::new(way);
        let server = rig.server();
        rig.listen_path(server, &path);
        rig.react = Rc::new(|rig, _, event| {
            if let Event::Connection(socket) = event {
                rig.hear(*socket, true);
            }
        });
        let mut peer = UnixStream::connect(&path).unwrap();
        rig.until_rig(|rig| rig.accepted.len() == 1);
        std::io::Write::write_all(&mut peer, b"last words").unwrap();
        drop(peer);
        rig.command(Command::CloseServer(server, None));
        rig.run();
        let socket = rig.accepted[0];
        assert_eq!(rig.data(socket), b"last words");
        assert_eq!(rig.heard(socket, EventKind::End), 1, "{way:?}");
        assert_eq!(rig.heard(socket, EventKind::Error), 0);
    }
}
