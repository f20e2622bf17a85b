//! Work from other threads: nothing is lost, and the loop lives as long as somebody can still post.
#![cfg(unix)]

mod common;

use common::{new, serve, until};
use netfold::{Net, NetError, Poster, ServerOptions, System};
use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;

type Got = HashMap<usize, Vec<usize>>;

fn post_all(poster: Poster<Got, System>, thread: usize, count: usize) {
    for n in 0..count {
        poster.post(move |net| net.state.entry(thread).or_default().push(n));
    }
}

/// Four threads post at once; each one's order is kept, nothing is lost, and the loop, which has nothing else to do, ends
/// when the last poster is dropped. 4 x 25,000 posts, 4 x 1,000,000 with NETFOLD_LONG=1.
#[test]
fn four_threads_at_once_lose_nothing() {
    let count = if common::long() { 1_000_000 } else { 25_000 };
    let mut net = new(Got::new());
    let poster = net.poster();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let poster = poster.clone();
            thread::spawn(move || post_all(poster, thread, count))
        })
        .collect();
    drop(poster);
    net.run().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(net.state.len(), 4);
    for (thread, got) in &net.state {
        assert!(got.iter().copied().eq(0..count), "thread {thread}: {} of {count}, in order", got.len());
    }
}

/// Many short lives of a loop: the last post and the end of the last poster come at every moment of its end.
#[test]
fn the_last_post_is_never_too_late() {
    for round in 0..1000 {
        let mut net = new(Got::new());
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let poster = net.poster();
                thread::spawn(move || post_all(poster, thread, 1 + round % 3))
            })
            .collect();
        net.run().unwrap();
        let got: usize = net.state.values().map(Vec::len).sum();
        assert_eq!(got, 4 * (1 + round % 3), "round {round}");
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// What is posted after the loop has taken this poll's posts, by a poster that is gone at once, is run.
#[test]
fn a_post_between_the_poll_and_the_end_is_run() {
    let mut net = new(Got::new());
    let poster = net.poster();
    net.set_immediate(move |_| {
        let late = thread::spawn(move || post_all(poster, 7, 1));
        late.join().unwrap();
    });
    net.run().unwrap();
    assert_eq!(net.state.get(&7), Some(&vec![0]));
    // The same when the program has the waiting.
    let poster = net.poster();
    net.set_immediate(move |_| post_all(poster, 8, 1));
    assert!(net.dispatch().unwrap(), "there is something to do yet");
    while net.dispatch().unwrap() {}
    assert_eq!(net.state.get(&8), Some(&vec![0]));
}

#[test]
fn a_loop_waits_for_its_posters_and_ends_with_the_last() {
    let mut net = new(Got::new());
    let (first, second) = (net.poster(), net.poster());
    let (go, wait) = mpsc::channel();
    let waiter = thread::spawn(move || {
        wait.recv().unwrap();
        drop(second);
    });
    let (done, ended) = mpsc::channel();
    let poster = thread::spawn(move || {
        // The loop runs: it answers. Then the posters go, and it must end by itself.
        let (answer, answered) = mpsc::channel();
        first.post(move |_| answer.send(()).unwrap());
        answered.recv().unwrap();
        drop(first);
        go.send(()).unwrap();
        let _ = ended.recv();
    });
    net.run().unwrap();
    done.send(()).unwrap();
    waiter.join().unwrap();
    poster.join().unwrap();
    // A poster that was never used keeps nothing once it is gone, and one that outlives its loop is harmless.
    drop(net.poster());
    net.run().unwrap();
    let late = net.poster();
    drop(net);
    post_all(late, 0, 3);
}

/// Each posted closure is a turn of its own (rule T1), with its ticks run before the next one (rule T2).
#[test]
fn a_post_is_a_turn() {
    let mut net = new(Vec::new());
    let poster = net.poster();
    for n in 0..3 {
        poster.post(move |net| {
            let turn = net.place().turn;
            net.state.push((n, turn, "turn"));
            net.next_tick(move |net| {
                let turn = net.place().turn;
                net.state.push((n, turn, "tick"));
            });
        });
    }
    drop(poster);
    net.run().unwrap();
    let order: Vec<_> = net.state.iter().map(|(n, _, what)| (*n, *what)).collect();
    assert_eq!(order, [(0, "turn"), (0, "tick"), (1, "turn"), (1, "tick"), (2, "turn"), (2, "tick")]);
    assert!(net.state[0].1 < net.state[2].1 && net.state[2].1 < net.state[4].1);
}

/// Posts come through while connections keep the loop busy, and a post can use the sockets.
#[test]
fn posts_reach_a_busy_loop() {
    let mut net = new(Got::new());
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let client = net.connect(bound.addr()).unwrap();
    // A ball that never rests.
    client.on_data(&mut net, |net, client, chunk| {
        client.write(net, chunk);
    });
    client.write(&mut net, "ball");
    let poster = net.poster();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let poster = poster.clone();
            thread::spawn(move || post_all(poster, thread, 2000))
        })
        .collect();
    let last = poster.clone();
    drop(poster);
    for thread in threads {
        thread.join().unwrap();
    }
    last.post(move |net| {
        client.destroy(net);
        bound.server.close(net);
    });
    drop(last);
    net.run().unwrap();
    assert_eq!(net.state.values().map(Vec::len).sum::<usize>(), 8000);
    common::assert_clean(&mut net, 1);
}

/// A post that panics leaves the loop; those behind it come when it runs again (rules T9, T10).
#[test]
fn a_post_that_panics_costs_only_itself() {
    let mut net = new(Got::new());
    let poster = net.poster();
    post_all(poster.clone(), 0, 1);
    poster.post(|_| panic!("mine"));
    post_all(poster.clone(), 1, 2);
    drop(poster);
    let Err(NetError::Panicked(panicked)) = net.run() else { panic!("it panicked") };
    assert_eq!(panicked.message(), Some("mine"));
    net.run().unwrap();
    assert_eq!(net.state, Got::from([(0, vec![0]), (1, vec![0, 1])]));
}

/// `stop` from a post leaves after that post; what was posted behind it is run by the next run, at once.
#[test]
fn a_post_can_stop_the_loop() {
    let mut net = new(Got::new());
    let poster = net.poster();
    let keeps_it_alive = serve(&mut net, ServerOptions::default(), |_, _| {});
    poster.post(|net| net.stop());
    post_all(poster.clone(), 0, 1);
    net.run().unwrap();
    assert!(net.state.is_empty(), "it left after the running turn");
    poster.post(|net| net.stop());
    net.run().unwrap();
    assert_eq!(net.state.get(&0), Some(&vec![0]));
    drop(poster);
    keeps_it_alive.server.close(&mut net);
    net.run().unwrap();
}

/// A task that posts itself again and again leaves the loop its turns for everything else.
#[test]
fn a_post_that_posts_itself_starves_nobody() {
    fn again(net: &mut Net<Got>, poster: Poster<Got, System>) {
        let count = net.state.entry(0).or_default();
        count.push(0);
        assert!(count.len() < 100_000, "the sockets never had a turn");
        if !net.state.contains_key(&1) {
            poster.clone().post(move |net| again(net, poster));
        }
    }
    let mut net = new(Got::new());
    let bound = serve(&mut net, ServerOptions::default(), |net, socket| {
        net.state.entry(1).or_default().push(0);
        socket.destroy(net);
    });
    let _client = bound.outside();
    let poster = net.poster();
    poster.clone().post(move |net| again(net, poster));
    until(&mut net, |net| net.state.contains_key(&1));
    bound.server.close(&mut net);
    net.run().unwrap();
}
