//! The works of `world` do what they say, on few connections.

#![cfg(target_os = "linux")]

use netfold_bench::sim::{Hosts, Load, Looks, Order, idle, run};
use netfold_sim::Chooser;

#[test]
fn every_trip_is_made_however_the_programs_stand() {
    for hosts in [Hosts::One, Hosts::Two, Hosts::Each] {
        for looks in [Looks::Bytes, Looks::Observed, Looks::Hashed] {
            for seed in 0..3 {
                let done = run(hosts, looks, Load::echo(7, 5), Chooser::seed(seed));
                assert_eq!((done.trips, done.problems), (35, vec![]), "{hosts:?} {looks:?} {seed}");
            }
        }
    }
}

#[test]
fn connections_come_and_go_and_wait_for_each_other() {
    let lives = Load { lives: 9, ..Load::echo(4, 1) };
    assert_eq!(run(Hosts::Two, Looks::Observed, lives, Chooser::calm()).trips, 36);
    let together = Load { together: Some(Order::Made), ..Load::echo(50, 2) };
    assert_eq!(run(Hosts::Two, Looks::Observed, together, Chooser::calm()).trips, 100);
    let mixed = Load { together: Some(Order::Mixed), ..together };
    assert_eq!(run(Hosts::Two, Looks::Observed, mixed, Chooser::calm()).trips, 100);
}

/// More connections than there are ports to connect from: each port is used once for each of the server's.
#[test]
fn there_are_more_connections_than_ports() {
    let load = Load { together: Some(Order::Made), ..Load::echo(29_000, 1) };
    assert_eq!(run(Hosts::Two, Looks::Bytes, load, Chooser::calm()).trips, 29_000);
}

#[test]
fn an_idle_connection_says_something_each_hour() {
    let done = idle(3, 24);
    assert_eq!((done.trips, done.problems), (72, vec![]));
}
