//! Where ticks and immediates go when one of them fails (rules T3, T10).

use netfold::{EventKind, Net, NetError};
use netfold_conformance::{Actor, Log, port_of, run_logging};
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

/// What the programs throw, without a message on stderr.
fn boom() -> ! {
    resume_unwind(Box::new("boom"))
}

fn run(net: &mut Net<()>, c: &Actor) {
    run_logging(net, |net, error| {
        assert!(matches!(error, NetError::Panicked(p) if p.message() == Some("boom")), "{error}");
        c.log(net, "uncaught Error \"boom\"");
    });
}

#[test]
fn throw_in_immediate() {
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let (a, b, d) = (c.clone(), c.clone(), c.clone());
    net.set_immediate(move |net| {
        a.log(net, "i1");
        net.next_tick(move |net| a.log(net, "t1"));
        boom();
    });
    net.set_immediate(move |net| {
        b.log(net, "i2");
        net.next_tick(move |net| b.log(net, "t2"));
    });
    net.set_immediate(move |net| d.log(net, "i3"));
    run(&mut net, &c);
    log.matches(include_str!("../../../spec/node/throw_in_immediate.log"));
}

#[test]
fn throw_in_tick_of_immediate() {
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let (a, b, d) = (c.clone(), c.clone(), c.clone());
    net.set_immediate(move |net| {
        a.log(net, "i1");
        let first = a.clone();
        net.next_tick(move |net| {
            first.log(net, "t1");
            boom();
        });
        net.next_tick(move |net| a.log(net, "t1b"));
    });
    net.set_immediate(move |net| {
        b.log(net, "i2");
        net.next_tick(move |net| b.log(net, "t2"));
    });
    net.set_immediate(move |net| d.log(net, "i3"));
    run(&mut net, &c);
    log.matches(include_str!("../../../spec/node/throw_in_tick_of_immediate.log"));
}

#[test]
fn throw_in_last_immediate() {
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let actor = c.clone();
    let server = net.create_server(|net, peer| {
        peer.on_error(net, |_, _, _| {});
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
        let port = port_of(net, server);
        let socket = net.connect(("127.0.0.1", port)).unwrap();
        actor.watch(net, socket, &[EventKind::Close]);
        let actor = actor.clone();
        socket.on_connect(net, move |net, socket| {
            let actor = actor.clone();
            net.set_immediate(move |net| {
                actor.log(net, "i1");
                socket.destroy(net);
                server.close(net);
                let (tick, second) = (actor.clone(), actor);
                net.next_tick(move |net| tick.log(net, "t1"));
                net.set_immediate(move |net| second.log(net, "i2"));
                boom();
            });
        });
    });
    run(&mut net, &c);
    log.matches(include_str!("../../../spec/node/throw_in_last_immediate.log"));
}

#[test]
fn throw_in_timer() {
    let (log, mut net) = (Log::new(), Net::new(()).unwrap());
    let c = log.actor("c");
    let (a, b, d) = (c.clone(), c.clone(), c.clone());
    net.set_timeout(1.0, move |net| {
        a.log(net, "a");
        let first = a.clone();
        net.next_tick(move |net| {
            first.log(net, "a1");
            boom();
        });
        net.next_tick(move |net| a.log(net, "a2"));
        boom();
    });
    net.set_timeout(1.0, move |net| {
        b.log(net, "b");
        net.next_tick(move |net| b.log(net, "b1"));
    });
    net.set_timeout(5.0, move |net| {
        d.log(net, "d");
        let (i, first) = (d.clone(), d.clone());
        net.set_immediate(move |net| i.log(net, "i"));
        net.next_tick(move |net| {
            first.log(net, "d1");
            boom();
        });
        net.next_tick(move |net| d.log(net, "d2"));
    });
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(30) {}
    run(&mut net, &c);
    log.matches(include_str!("../../../spec/node/throw_in_timer.log"));
}
