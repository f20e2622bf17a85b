//! A loop that has nothing to do waits: whatever state a descriptor is in.
#![cfg(unix)]

mod sys_support;

use netfold_core::*;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;
use sys_support::*;

/// Goes around until a wait brings nothing within a moment. A loop that spins never gets there.
fn settles(rig: &mut Rig) -> u64 {
    let before = rig.system().waits();
    for _ in 0..50 {
        let begun = rig.kernel.system.waits();
        let at = std::time::Instant::now();
        netfold_core::host::end_turn(rig).unwrap();
        netfold_core::host::dispatch(rig, Some(20)).unwrap();
        if at.elapsed().as_millis() >= 20 && rig.kernel.system.waits() == begun + 1 {
            return begun - before;
        }
    }
    panic!("it spins: {}", rig.story());
}

/// A connection whose near end the machine has.
fn connected(rig: &mut Rig) -> (SocketId, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = rig.socket();
    rig.connect(client, listener.local_addr().unwrap().port());
    rig.until_rig(|rig| rig.heard(client, EventKind::Connect) == 1);
    let (peer, _) = listener.accept().unwrap();
    (client, peer)
}

#[test]
fn a_connection_at_rest() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (_client, _peer) = connected(&mut rig);
        assert_eq!(settles(&mut rig), 0, "{way:?}: a connect leaves no interest behind");
    }
}

#[test]
fn the_end_of_a_half_open_socket() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let options = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
        let Outcome::Socket(client) = rig.command(Command::NewSocket(options)) else { panic!() };
        rig.hear(client, true);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rig.connect(client, listener.local_addr().unwrap().port());
        rig.until_rig(|rig| rig.heard(client, EventKind::Connect) == 1);
        let (peer, _) = listener.accept().unwrap();
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        rig.until_rig(|rig| rig.heard(client, EventKind::End) == 1);
        // As in libuv: the first event that nobody wants takes the descriptor off the poller.
        let once = u64::from(way != netfold::sys::Waiting::Oneshot);
        assert_eq!(settles(&mut rig), once, "{way:?}");
    }
}

#[test]
fn a_hang_up_that_nobody_reads() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, mut peer) = connected(&mut rig);
        rig.react = Rc::new(move |rig, _, event| {
            if matches!(event, Event::Data(_)) {
                rig.command(Command::Pause(client));
            }
        });
        // More than the readable buffer takes: reading stops, and stays stopped.
        peer.set_nonblocking(true).unwrap();
        while peer.write(&[1; 65536]).is_ok() {}
        rig.until_rig(|rig| rig.replies("ReadStop").len() == 1);
        rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        let waits = settles(&mut rig);
        assert!(waits <= 3, "{way:?}: {waits} waits");
        assert_eq!(rig.heard(client, EventKind::Close), 0);
    }
}

#[test]
fn a_write_that_waits_while_nobody_reads() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, mut peer) = connected(&mut rig);
        assert!(!rig.write(client, vec![0; 8 << 20]));
        rig.react = Rc::new(move |rig, _, event| {
            if matches!(event, Event::Data(_)) {
                rig.command(Command::Pause(client));
            }
        });
        peer.set_nonblocking(true).unwrap();
        while peer.write(&[1; 65536]).is_ok() {}
        rig.until_rig(|rig| rig.replies("ReadStop").len() == 1);
        let waits = settles(&mut rig);
        assert!(waits <= 3, "{way:?}: {waits} waits");
        // The write notices that the other side is gone.
        rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        rig.until_rig(|rig| rig.heard(client, EventKind::Close) == 1);
        assert_eq!(rig.error(client).as_deref(), Some("ECONNRESET"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn urgent_data() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, peer) = connected(&mut rig);
        rustix::net::send(&peer, b"!", rustix::net::SendFlags::OOB).unwrap();
        let waits = settles(&mut rig);
        assert!(waits <= 2, "{way:?}: {waits} waits");
        (&peer).write_all(b"after").unwrap();
        rig.until_rig(|rig| rig.data(client) == b"after");
    }
}

#[test]
fn a_server_at_rest() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let server = rig.server();
        rig.listen(server);
        assert_eq!(settles(&mut rig), 0);
    }
}
