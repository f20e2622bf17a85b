//! What a turn leaves of what was ready is met again, in the next wait and before what has become ready meanwhile: whether the
//! poller tells of it again or once.
#![cfg(unix)]

mod sys_support;

use netfold::sys::Waiting;
use netfold_core::*;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Mutex;
use sys_support::*;

/// A connection whose near end the machine has.
fn connected(rig: &mut Rig) -> (SocketId, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = rig.socket();
    rig.connect(client, listener.local_addr().unwrap().port());
    rig.until_rig(|rig| rig.heard(client, EventKind::Connect) == 1);
    // What the connect leaves behind of interest is gone, and the socket reads.
    rig.around(Some(0)).unwrap();
    (client, listener.accept().unwrap().0)
}

/// What was read and which streams ended, in order.
fn reads(rig: &Rig) -> Vec<String> {
    let shown = |completion: &Completion| match completion {
        Completion::Read(id, bytes) => Some(format!("{} {:?}", id.slot(), &bytes[..])),
        Completion::Eof(id) => Some(format!("{} end", id.slot())),
        _ => None,
    };
    rig.kernel.completions.iter().filter_map(shown).collect()
}

#[test]
fn an_end_behind_data_comes_before_what_the_data_brought_about() {
    for way in [Waiting::Direct, Waiting::Once, Waiting::Level] {
        let mut rig = Rig::new(way);
        let (first, mut peer) = connected(&mut rig);
        let (_second, other) = connected(&mut rig);
        let other = Mutex::new(other);
        rig.react = Rc::new(move |_, target, event| {
            if target == first.into() && matches!(event, Event::Data(_)) {
                other.lock().unwrap().write_all(b"2").unwrap();
            }
        });
        peer.write_all(b"1").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        rig.until_rig(|rig| reads(rig).len() == 3);
        assert_eq!(reads(&rig), ["0 [49]", "0 end", "1 [50]"], "{way:?}");
    }
}

#[test]
fn more_than_one_turn_reads_comes_in_the_next() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, mut peer) = connected(&mut rig);
        rig.command(Command::OnRead(client, 1));
        rig.command(Command::Pause(client));
        rig.command(Command::Resume(client));
        peer.write_all(&[7; 100]).unwrap();
        rig.until_rig(|rig| rig.data(client).len() == 100);
        let batches = rig.system().waits();
        peer.write_all(&[8; 64]).unwrap();
        rig.until_rig(|rig| rig.data(client).len() == 164);
        // 32 of them a turn; a poller that tells again looks for more at the end, and finds none.
        assert!(rig.system().waits() - batches <= 4, "{way:?}");
        peer.shutdown(Shutdown::Write).unwrap();
        rig.until_rig(|rig| rig.heard(client, EventKind::Close) == 1);
    }
}

#[test]
fn what_a_pause_leaves_unread_is_read_after_a_resume() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, mut peer) = connected(&mut rig);
        rig.command(Command::OnRead(client, 1));
        rig.command(Command::Pause(client));
        rig.command(Command::Resume(client));
        rig.stop_reading_at = Some(3);
        peer.write_all(b"abcdef").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        rig.until_rig(|rig| rig.data(client).len() == 3);
        for _ in 0..3 {
            rig.around(Some(0)).unwrap();
        }
        assert_eq!(rig.data(client), b"abc", "{way:?}");
        rig.command(Command::Resume(client));
        rig.until_rig(|rig| rig.heard(client, EventKind::Close) == 1);
        assert_eq!(rig.data(client), b"abcdef", "{way:?}");
    }
}

/// For a loop of somebody else's that waits for the descriptor.
#[test]
fn the_descriptor_is_ready_for_what_is_left() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (_client, mut peer) = connected(&mut rig);
        peer.write_all(b"1").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        rig.until_rig(|rig| reads(rig).len() == 1);
        rig.system().settle();
        let mut fds = [rustix::event::PollFd::new(rig.system(), rustix::event::PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut fds, Some(&rustix::time::Timespec::default())), Ok(1), "{way:?}");
        rig.until_rig(|rig| reads(rig).len() == 2);
    }
}

/// The slot of a handle that was closed meanwhile is another's, of which the poller knows nothing new.
#[test]
fn what_is_left_of_a_closed_handle_is_nobody_elses() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let (client, mut peer) = connected(&mut rig);
        peer.write_all(b"1").unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        rig.until_rig(|rig| reads(rig).len() == 1);
        rig.command(Command::Destroy(client, None));
        rig.until_rig(|rig| rig.heard(client, EventKind::Close) == 1);
        let (second, mut other) = connected(&mut rig);
        other.write_all(b"2").unwrap();
        rig.until_rig(|rig| rig.data(second) == b"2");
        assert_eq!(reads(&rig), ["0 [49]", "0 [50]"], "{way:?}");
    }
}
