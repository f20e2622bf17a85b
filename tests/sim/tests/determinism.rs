//! A run depends on its chooser's answers and on nothing else: its inputs, outputs and states are the same again, in another
//! process too; and where they are not, the first event that differs is named.

use netfold::core::trace::Payload;
use netfold::{Limits, Net, Recording};
use netfold_sim::{Chooser, Difference, Finished, History, Kind, World};
use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{self, Write};
use std::process::Command;
use std::rc::Rc;

#[test]
fn each_kind_of_run_is_the_same_again_in_another_process_too() {
    for kind in Kind::ALL {
        let output = Command::new(env!("CARGO_BIN_EXE_runs")).args(["twice", kind.name(), "0", "40"]).output();
        let output = output.expect("the tool runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.trim_end(), format!("40 seeds of {kind}: equal when run twice, and in another process"));
    }
}

#[test]
fn a_tape_gives_the_same_history_as_its_seed() {
    for kind in Kind::ALL {
        for seed in 0..20 {
            let of = |chooser: Chooser| {
                let chooser = chooser.recording();
                let finished = kind.run(&chooser);
                (History::of(&finished, &chooser.recorded()), chooser.recorded())
            };
            let (first, tape) = of(Chooser::seed(seed));
            assert_eq!(first.differences(&of(Chooser::tape(tape)).0), [], "{kind}, seed {seed}");
            assert_eq!(History::parse(&first.to_string()), Some(first), "and as text");
        }
    }
}

/// Where a planted program takes the order of its writes from.
#[derive(Clone, Copy)]
enum Order {
    /// As they are.
    Fixed,
    /// That of a set with random state.
    Hashed,
    /// That of the addresses of what is on the heap.
    Addresses,
}

#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A client writes 9 chunks of 9 lengths.
fn planted(order: Order) -> History {
    let chooser = Chooser::seed(3).recording();
    let memory = Memory::default();
    let recording = Recording::to(memory.clone()).payload(Payload::Full, Payload::Full);
    let mut net = Net::with_host_recorded((), World::new(chooser.clone()), Limits::DEFAULT, recording);
    let server = net.create_server(|net, socket| socket.resume(net));
    server.listen(&mut net, ("127.0.0.1", 80)).expect("it listens");
    let client = net.connect(("127.0.0.1", 80)).expect("it connects");
    let lengths: Vec<usize> = match order {
        Order::Fixed => (1..10).collect(),
        Order::Hashed => (1..10).collect::<HashSet<usize>>().into_iter().collect(),
        Order::Addresses => {
            // Blocks of many pages come each from a mapping of its own, which the system places as it likes.
            let boxes: Vec<Vec<u8>> = (0..9).map(|_| vec![0; 1 << 20]).collect();
            let page =
                |block: &Vec<u8>| (block.as_ptr() as usize >> 12).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize);
            let mut by_address: Vec<usize> = (0..9).collect();
            by_address.sort_by_key(|at| page(&boxes[*at]));
            by_address.into_iter().map(|at| at + 1).collect()
        }
    };
    for len in lengths {
        client.write(&mut net, vec![1; len]);
    }
    client.end(&mut net);
    client.on_close(&mut net, move |net, _, _| server.close(net));
    net.run().expect("it runs");
    drop(net);
    let traces = vec![("planted".to_string(), memory.0.take())];
    History::of(&Finished { problems: Vec::new(), broken_at: None, traces, turns: Vec::new() }, &chooser.recorded())
}

/// What a difference is about, in both.
fn texts(differs: &Difference) -> [&str; 2] {
    differs.both.each_ref().map(|event| event.as_deref().unwrap_or(""))
}

#[test]
fn an_order_that_is_a_hash_maps_is_caught_and_the_first_event_named() {
    assert_eq!(planted(Order::Fixed), planted(Order::Fixed));
    let one = planted(Order::Hashed);
    // Two sets of nine can have one order, ten hardly.
    let other = (0..10).map(|_| planted(Order::Hashed)).find(|other| *other != one).expect("another order");
    assert_ne!(one.hashes(), other.hashes());
    let differs = one.first_difference(&other).expect("a first event");
    assert_eq!(differs.lane, "planted");
    assert!(texts(&differs).iter().all(|text| text.contains(".write ")), "{differs}");
}

/// The other process.
#[test]
#[ignore = "it is run by the next"]
fn planted_in_a_process_of_its_own() {
    println!("\n{}", planted(Order::Addresses));
}

#[test]
fn an_order_that_is_the_addresses_is_caught_in_another_process() {
    let me = std::env::current_exe().expect("this program");
    let elsewhere = || {
        let args = ["--exact", "planted_in_a_process_of_its_own", "--ignored", "--nocapture"];
        let output = Command::new(&me).args(args).output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("a text");
        let from = text.find(" planted\n").and_then(|lane| text[..lane].rfind("== choices")).expect("a history");
        let from = text[..from - 1].rfind('\n').map_or(0, |at| at + 1);
        let to = text.find("\n\ntest ").or_else(|| text.find("\ntest planted")).unwrap_or(text.len());
        History::parse(text[from..to].trim_end()).expect("a history")
    };
    let one = elsewhere();
    let other = (0..10).map(|_| elsewhere()).find(|other| *other != one).expect("another order");
    let differs = one.first_difference(&other).expect("a first event");
    assert!(texts(&differs).iter().all(|text| text.contains(".write ")), "{differs}");
}
