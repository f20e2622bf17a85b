//! What is told once comes in the same order as what is told again and again (rule T11): the same programs run with both.
#![cfg(target_os = "linux")]

mod sys_support;

use netfold::sys::{System, Waiting};
use netfold_core::*;
use rustix::event::{PollFd, PollFlags};
use rustix::time::Timespec;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::rc::Rc;
use sys_support::*;

const SOCKETS: usize = 12;
const STEPS: usize = 40;

/// xorshift
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// The other ends, and what they send in this order whatever they hear.
struct Peers {
    streams: Vec<Option<TcpStream>>,
    dice: Dice,
    /// Nobody ends.
    endless: bool,
}

impl Peers {
    /// Some of them, in any order, send a little, or end.
    fn act(&mut self, most: usize) {
        for _ in 0..self.dice.roll(most + 1) {
            let (who, what) = (self.dice.roll(SOCKETS), self.dice.roll(40));
            let len = [1, 70, 300][self.dice.roll(3)];
            let Some(stream) = &mut self.streams[who] else { continue };
            if what == 0 && !self.endless {
                stream.shutdown(Shutdown::Write).unwrap();
                self.streams[who] = None;
            } else {
                stream.write_all(&vec![7; len]).unwrap();
            }
        }
    }
}

fn is_ready(system: &mut System) -> bool {
    let mut fds = [PollFd::new(system, PollFlags::IN)];
    rustix::event::poll(&mut fds, Some(&Timespec::default())).unwrap() > 0
}

/// Within each 'data' a peer may act, and the socket may be paused.
fn stirring(peers: &Rc<RefCell<Peers>>) -> React {
    let peers = peers.clone();
    Rc::new(move |rig, target, event| {
        if let (Target::Socket(socket), Event::Data(_)) = (target, event) {
            peers.borrow_mut().act(1);
            if peers.borrow_mut().dice.roll(9) == 0 {
                rig.command(Command::Pause(socket));
            }
        }
    })
}

/// What the machine heard of each step, one line each; and which of the looks at the descriptor found nothing, found out by
/// the first way to run.
fn heard(way: Waiting, seed: u64, looks: &mut VecDeque<bool>) -> Vec<String> {
    // Between what the look is about, so little happens that it often finds nothing.
    let looked = seed % 2 == 1;
    let mut rig = Rig::new(way);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (mut sockets, mut streams) = (Vec::new(), Vec::new());
    for at in 0..SOCKETS {
        let Outcome::Socket(socket) =
            rig.command(Command::NewSocket(SocketOptions { allow_half_open: true, ..SocketOptions::default() }))
        else {
            panic!()
        };
        rig.hear(socket, true);
        if at % 4 == 3 {
            // More is there than a turn reads of it.
            rig.command(Command::OnRead(socket, 2));
        }
        rig.connect(socket, port);
        rig.until_rig(|rig| rig.heard(socket, EventKind::Connect) == 1);
        let stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        sockets.push(socket);
        streams.push(Some(stream));
    }
    rig.around(Some(0)).unwrap();
    let peers = Rc::new(RefCell::new(Peers { streams, dice: Dice(seed * 2 + 1), endless: false }));
    if !looked {
        rig.react = stirring(&peers);
    }
    let mut lines = Vec::new();
    for step in 0..STEPS {
        let (most, timeout, wake) = {
            let dice = &mut peers.borrow_mut().dice;
            ([0, 3, 20][dice.roll(3)], dice.roll(2) as u64, dice.roll(SOCKETS))
        };
        // The `polling` crate's descriptor is ready when the time of a wait has passed, also of one that ended before.
        let timeout = if looked { 0 } else { timeout };
        if looked && peers.borrow_mut().dice.roll(3) == 0 {
            // Another loop looks whether there is anything to do, and finds nothing (deviation D83).
            rig.system().settle();
            if way == Waiting::Once {
                looks.push_back(!is_ready(rig.system()));
            } else if looks.pop_front() == Some(true) {
                assert!(!is_ready(rig.system()), "seed {seed}, step {step}");
            }
        }
        peers.borrow_mut().act(most);
        rig.command(Command::Resume(sockets[wake]));
        rig.kernel.completions.clear();
        rig.around(Some(timeout)).unwrap();
        lines.push(line(step, &rig));
    }
    lines
}

fn line(step: usize, rig: &Rig) -> String {
    let told = |completion: &Completion| match completion {
        Completion::Read(id, bytes) => format!("{}:{}", id.slot(), bytes.len()),
        other => format!("{other:?}"),
    };
    let told: Vec<_> = rig.kernel.completions.iter().map(told).collect();
    format!("{step}: {}", told.join(" "))
}

/// Unix sockets, of which no poller tells once.
const UNIX: usize = 2;

/// The same of connections that come and go beside some that stay: few, many, few, none.
fn heard_of_changing(way: Waiting, seed: u64) -> Vec<String> {
    // Between two rounds another loop looks, and finds nothing: all that there was has been read.
    let looked = seed % 2 == 1;
    let mut rig = Rig::new(way);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut sockets = [None; SOCKETS];
    let streams = std::iter::repeat_with(|| None).take(SOCKETS).collect();
    let peers = Rc::new(RefCell::new(Peers { streams, dice: Dice(seed * 2 + 1), endless: looked }));
    if !looked {
        rig.react = stirring(&peers);
    }
    let roll = |sides| peers.borrow_mut().dice.roll(sides);
    let path = format!("netfold-sys-order-{}-{way:?}-{seed}", std::process::id());
    let unix = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&path).unwrap()).unwrap();
    for at in 0..UNIX {
        let socket = rig.socket();
        rig.connect_path(socket, &format!("\0{path}"));
        rig.until_rig(|rig| rig.heard(socket, EventKind::Connect) == 1);
        let stream = OwnedFd::from(unix.accept().unwrap().0);
        peers.borrow_mut().streams[at] = Some(stream.into());
    }
    let mut lines = Vec::new();
    let mut calm = false;
    for step in 0..STEPS * 2 {
        let (most, timeout) = ([0, 3, 20][roll(3)], if looked { 0 } else { roll(2) as u64 });
        if !looked {
            // This is there when the poller is told of the others.
            peers.borrow_mut().act(most);
        }
        let wanted = [2, 9, 0, 6, 1][step / 8 % 5];
        let was_calm = std::mem::replace(&mut calm, true);
        for _ in 0..4 {
            let (at, there) = (UNIX + roll(SOCKETS - UNIX), sockets.iter().flatten().count());
            match sockets[at] {
                None if there < wanted => {
                    let options = SocketOptions { allow_half_open: true, ..SocketOptions::default() };
                    let Outcome::Socket(socket) = rig.command(Command::NewSocket(options)) else { panic!() };
                    rig.hear(socket, true);
                    if !looked && at % 4 == 3 {
                        rig.command(Command::OnRead(socket, 2));
                    }
                    rig.connect(socket, port);
                    // With its ticks, in one of which it connects.
                    host::end_turn(&mut rig).unwrap();
                    let stream = listener.accept().unwrap().0;
                    stream.set_nodelay(true).unwrap();
                    peers.borrow_mut().streams[at] = Some(stream);
                    sockets[at] = Some(socket);
                    calm = false;
                }
                Some(socket) if there > wanted => {
                    rig.command(Command::Destroy(socket, None));
                    sockets[at] = None;
                    peers.borrow_mut().streams[at] = None;
                }
                _ => {}
            }
        }
        if looked && was_calm && calm && roll(2) == 0 {
            rig.system().settle();
            assert!(!is_ready(rig.system()), "seed {seed}, {way:?}, step {step}");
        }
        peers.borrow_mut().act(most);
        if let Some(socket) = sockets[roll(SOCKETS)] {
            rig.command(Command::Resume(socket));
        }
        rig.kernel.completions.clear();
        rig.around(Some(timeout)).unwrap();
        lines.push(line(step, &rig));
    }
    lines
}

#[test]
fn few_that_become_many_and_few_again_keep_the_order() {
    for seed in 0..25 {
        let again = heard_of_changing(Waiting::Level, seed);
        for way in [Waiting::Direct, Waiting::Once] {
            let heard = heard_of_changing(way, seed);
            let differs = again.iter().zip(&heard).find(|(again, heard)| again != heard);
            assert_eq!(differs, None, "seed {seed}, {way:?}");
        }
    }
}

#[test]
fn telling_once_keeps_the_order() {
    let mut nothing_found = 0;
    for seed in 0..20 {
        let mut looks = VecDeque::new();
        let once = heard(Waiting::Once, seed, &mut looks);
        nothing_found += looks.iter().filter(|nothing| **nothing).count();
        let again = heard(Waiting::Level, seed, &mut looks);
        let differs = again.iter().zip(&once).find(|(again, once)| again != once);
        assert_eq!(differs, None, "seed {seed}");
    }
    assert!(nothing_found > 20, "{nothing_found}");
}

/// As many reads as a turn has, and not one byte more.
#[test]
fn what_a_turn_has_just_read_to_its_end_loses_its_place() {
    for way in [Waiting::Direct, Waiting::Once, Waiting::Level] {
        let mut rig = Rig::new(way);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peers = Vec::new();
        for _ in 0..2 {
            let socket = rig.socket();
            rig.command(Command::OnRead(socket, 2));
            rig.connect(socket, listener.local_addr().unwrap().port());
            rig.until_rig(|rig| rig.heard(socket, EventKind::Connect) == 1);
            peers.push(listener.accept().unwrap().0);
        }
        rig.around(Some(0)).unwrap();
        let mut order = |sent: [&[u8]; 2]| {
            for (peer, bytes) in peers.iter_mut().zip(sent) {
                peer.write_all(bytes).unwrap();
            }
            rig.kernel.completions.clear();
            rig.around(Some(0)).unwrap();
            let mut slots: Vec<_> = rig.kernel.completions.iter().map(|told| told.handle().unwrap().slot()).collect();
            slots.dedup();
            slots
        };
        assert_eq!(order([&[1; 64], b"1"]), [0, 1], "{way:?}");
        assert_eq!(order([b"", b"2"]), [1], "{way:?}");
        assert_eq!(order([b"3", b"3"]), [1, 0], "{way:?}");
    }
}

/// Deviation D83.
#[test]
fn a_look_from_outside_that_finds_something_keeps_all_places() {
    let order = |way| {
        let mut rig = Rig::new(way);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peers = Vec::new();
        for _ in 0..2 {
            let socket = rig.socket();
            rig.connect(socket, listener.local_addr().unwrap().port());
            rig.until_rig(|rig| rig.heard(socket, EventKind::Connect) == 1);
            peers.push(listener.accept().unwrap().0);
        }
        rig.around(Some(0)).unwrap();
        for peer in &mut peers {
            peer.write_all(b"1").unwrap();
        }
        rig.around(Some(0)).unwrap();
        peers[1].write_all(b"2").unwrap();
        rig.system().settle();
        assert!(is_ready(rig.system()));
        peers[0].write_all(b"2").unwrap();
        rig.kernel.completions.clear();
        rig.around(Some(0)).unwrap();
        rig.kernel.completions.iter().map(|told| told.handle().unwrap().slot()).collect::<Vec<_>>()
    };
    let [level, direct, once] = [Waiting::Level, Waiting::Direct, Waiting::Once].map(order);
    assert_eq!((level, direct, once), (vec![1, 0], vec![1, 0], vec![0, 1]), "few connections are told of again");
}
