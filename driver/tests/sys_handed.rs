//! Descriptors that are handed in.
#![cfg(unix)]

mod sys_support;

use netfold_core::*;
use rustix::fs::{OFlags, fcntl_getfl};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::rc::Rc;
use sys_support::*;

#[test]
fn a_listener_that_is_handed_in_takes_connections() {
    for way in WAYS {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = bound.local_addr().unwrap().port();
        let shared = bound.try_clone().unwrap();
        let mut rig = Rig::new(way);
        rig.react = Rc::new(echo);
        let server = rig.server();
        let key = rig.system().hand_in_listener(bound.into());
        let kind = rig.system().handed_kind(key);
        assert_eq!(kind, Some(HandleKind::Tcp));
        rig.command(Command::Listen(server, ListenOn::Fd { key, kind, backlog: 0 }));
        assert_eq!(rig.replies("OpenFd"), [Reply::Done]);
        assert!(rig.system().take_back(key).is_none(), "it is the machine's");
        assert!(fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK), "for all who share it");
        for _ in 0..3 {
            let client = rig.socket();
            rig.connect(client, port);
            rig.write(client, "hello");
            rig.until_rig(|rig| rig.data(client) == b"hello");
            rig.command(Command::End(client, None, None));
        }
        rig.command(Command::CloseServer(server, None));
        rig.run();
        assert_eq!(rig.heard(server, EventKind::ServerClose), 1, "{way:?}");
    }
}

#[test]
fn the_kinds_of_descriptors_are_told_apart() {
    let path = path("kinds");
    let mut rig = Rig::new(WAYS[0]);
    let mut kind_of = |fd: std::os::fd::OwnedFd| {
        let key = rig.system().hand_in_listener(fd);
        let kind = rig.system().handed_kind(key);
        assert!(rig.system().take_back(key).is_some() && rig.system().handed_kind(key).is_none());
        kind
    };
    assert_eq!(kind_of(TcpListener::bind("[::1]:0").unwrap().into()), Some(HandleKind::Tcp));
    assert_eq!(kind_of(UnixListener::bind(&path).unwrap().into()), Some(HandleKind::Pipe));
    std::fs::remove_file(path).unwrap();
    assert_eq!(kind_of(UnixStream::pair().unwrap().0.into()), Some(HandleKind::Pipe));
    assert_eq!(kind_of(std::io::pipe().unwrap().1.into()), Some(HandleKind::Pipe));
    assert_eq!(kind_of(UnixDatagram::unbound().unwrap().into()), None);
    assert_eq!(kind_of(std::fs::File::open("/dev/null").unwrap().into()), None);
}

#[test]
fn a_key_without_a_descriptor_is_a_bad_one() {
    let mut rig = Rig::new(WAYS[0]);
    let server = rig.server();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let key = rig.system().hand_in_listener(ours.into());
    drop(rig.system().take_back(key));
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0, "closed with what was taken back");
    rig.command(Command::Listen(server, ListenOn::Fd { key, kind: Some(HandleKind::Tcp), backlog: 0 }));
    rig.run();
    assert_eq!(rig.error(server).as_deref(), Some("EBADF"));
    assert_eq!(rig.heard(server, EventKind::ServerClose), 0);
}
