//! What comes from other threads: wakes, and the resolver's answers.
#![cfg(unix)]

mod sys_support;

use netfold::sys::{Resolve, System};
use netfold_core::host::Kernel;
use netfold_core::*;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::AsFd;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use sys_support::*;

/// Whether the descriptor says that there is something.
fn is_readable(system: &System) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(system.as_fd(), PollFlags::IN)];
    poll(&mut fds, Some(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1
}

#[test]
fn every_post_of_four_threads_is_seen() {
    const EACH: usize = 20_000;
    for way in WAYS {
        let mut rig = Rig::new(way);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (posts, waker) = (rig.posts.clone(), rig.system().waker());
                std::thread::spawn(move || {
                    for _ in 0..EACH {
                        posts.lock().unwrap().push_back(());
                        waker.wake();
                    }
                })
            })
            .collect();
        // A lost wake would leave this in a wait without end; the test would not come back.
        while rig.posted < 4 * EACH {
            netfold_core::host::dispatch(&mut rig, None).unwrap();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(rig.system().waits() <= 4 * EACH as u64 + 1);
    }
}

#[test]
fn many_wakes_are_one() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let system = rig.system();
        assert!(!is_readable(system));
        let waker = system.waker();
        (0..100).for_each(|_| waker.wake());
        assert!(is_readable(system));
        system.wait(None).unwrap();
        assert!(system.next().is_none());
        assert!(!is_readable(system), "{way:?}: rung once, silent again");
        waker.wake();
        system.wait(None).unwrap();
        drop(rig);
        waker.wake();
    }
}

#[test]
fn the_descriptor_is_readable_when_something_came() {
    for way in WAYS {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut rig = Rig::new(way);
        let client = rig.socket();
        rig.connect(client, listener.local_addr().unwrap().port());
        rig.until(|log| log.iter().any(|(_, e)| *e == Event::Connect));
        let (mut peer, _) = listener.accept().unwrap();
        for _ in 0..3 {
            rig.around(Some(0)).unwrap();
        }
        assert!(!is_readable(rig.system()), "{way:?}");
        std::io::Write::write_all(&mut peer, b"x").unwrap();
        let mut fds = [PollFd::from_borrowed_fd(rig.kernel.system.as_fd(), PollFlags::IN)];
        assert_eq!(poll(&mut fds, None).unwrap(), 1);
        rig.around(Some(0)).unwrap();
        assert_eq!(rig.data(client), b"x");
    }
}

#[test]
fn a_wait_lasts_no_less_than_its_timeout() {
    for way in WAYS {
        let mut rig = Rig::new(way);
        let begun = rig.system().now();
        rig.system().wait(Some(30)).unwrap();
        let passed = rig.system().now() - begun;
        assert!(passed >= 30, "{way:?}: {passed} ms");
    }
}

/// Answers when the test says so.
struct Held {
    asked: Mutex<Sender<String>>,
    say: Mutex<Receiver<Result<Vec<IpAddr>, LookupCode>>>,
}

impl Resolve for Held {
    fn resolve(&self, host: &str, _family: u8, _hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
        self.asked.lock().unwrap().send(host.to_owned()).unwrap();
        self.say.lock().unwrap().recv().unwrap()
    }
}

#[test]
fn an_answer_for_a_socket_that_is_gone_does_nothing() {
    for way in WAYS {
        let (asked, questions) = channel();
        let (answers, say) = channel();
        let held = Held { asked: Mutex::new(asked), say: Mutex::new(say) };
        let mut rig = Rig::resolving(way, Arc::new(held));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = rig.socket();
        rig.connect_host(client, "first.test", port);
        assert_eq!(questions.recv().unwrap(), "first.test");
        rig.command(Command::Destroy(client, None));
        rig.around(Some(0)).unwrap();
        answers.send(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])).unwrap();
        rig.until_rig(|rig| rig.kernel.completions.iter().any(|c| matches!(c, Completion::LookedUp(..))));
        assert_eq!(rig.heard(client, EventKind::Connect), 0);
        let second = rig.socket();
        rig.connect_host(second, "second.test", port);
        assert_eq!(questions.recv().unwrap(), "second.test");
        answers.send(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])).unwrap();
        rig.until_rig(|rig| rig.heard(second, EventKind::Connect) == 1);
    }
}

#[test]
fn a_resolver_s_no_is_node_s_code() {
    struct Says;
    impl Resolve for Says {
        fn resolve(&self, host: &str, family: u8, hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
            assert_eq!(family, 0);
            let _any = hints;
            match host {
                "again.test" => Err(LookupCode::TryAgain),
                "empty.test" => Ok(vec![]),
                "panic.test" => panic!("a resolver of the user's own"),
                _ => Err(LookupCode::NotFound),
            }
        }
    }
    let mut rig = Rig::resolving(WAYS[0], Arc::new(Says));
    for (host, code) in
        [("again.test", "EAI_AGAIN"), ("empty.test", "ENOTFOUND"), ("panic.test", "EAI_FAIL"), ("no.test", "ENOTFOUND")]
    {
        let client = rig.socket();
        rig.connect_host(client, host, 80);
        rig.run();
        assert_eq!(rig.error(client).as_deref(), Some(code), "{host}");
    }
}

#[test]
fn more_names_than_threads_are_all_answered() {
    struct Slow;
    impl Resolve for Slow {
        fn resolve(&self, host: &str, _family: u8, _hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
            std::thread::yield_now();
            if host.len().is_multiple_of(2) { Err(LookupCode::NotFound) } else { Err(LookupCode::TryAgain) }
        }
    }
    let mut rig = Rig::resolving(WAYS[0], Arc::new(Slow));
    let clients: Vec<_> = (0..100).map(|n| (rig.socket(), "x".repeat(n + 1))).collect();
    for (client, host) in &clients {
        rig.connect_host(*client, host, 1);
    }
    rig.run();
    for (client, host) in &clients {
        let code = if host.len().is_multiple_of(2) { "ENOTFOUND" } else { "EAI_AGAIN" };
        assert_eq!(rig.error(*client).as_deref(), Some(code));
    }
}

#[test]
fn localhost_is_resolved_by_the_system() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut rig = Rig::new(WAYS[0]);
    let client = rig.socket();
    rig.command(Command::Connect(
        client,
        ConnectTo::Host(HostOptions {
            host: Some("localhost".to_owned()),
            port: Some(listener.local_addr().unwrap().port().into()),
            family: 4,
            ..HostOptions::default()
        }),
    ));
    rig.until(|log| log.iter().any(|(_, e)| *e == Event::Connect));
    assert_eq!(rig.heard(client, EventKind::Lookup), 1);
}
