//! The inputs that users can have made for their own tests: they are what they are to be, and are made small.

use arbitrary::{Arbitrary, Unstructured};
use netfold::{Limits, Net, Server};
use netfold_sim::generate::{Chunking, RandomProgram, chunkings, programs, scripts};
use netfold_sim::{Chooser, Fault, Programs, Script, Troubles, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use std::cell::RefCell;
use std::rc::Rc;

const TROUBLES: Troubles = Troubles { computers: &["one", "two"], processes: &["server"], horizon: 10_000 };

/// What arrives of chunks that a client writes one by one.
fn arrives(chunking: &Chunking, chooser: Chooser) -> Vec<u8> {
    let mut net = Net::with_host((Vec::new(), None::<Server>), World::new(chooser), Limits::DEFAULT);
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, _, chunk| net.state.0.extend_from_slice(&chunk));
        socket.on_end(net, |net, _| net.state.1.expect("it listens").close(net));
    });
    net.state.1 = Some(server);
    server.listen(&mut net, ("127.0.0.1", 7)).expect("a server");
    let client = net.connect(("127.0.0.1", 7)).expect("a socket");
    for chunk in chunking.chunks() {
        client.write(&mut net, chunk);
    }
    client.end(&mut net);
    net.run().expect("it ends");
    std::mem::take(&mut net.state.0)
}

/// A connection under a script: that it ends is all that is asked.
fn ends(script: Script) -> bool {
    let world = World::new(Chooser::calm());
    let (one, two) = (world.computer("one", &["10.0.0.1"]), world.computer("two", &["10.0.0.2"]));
    world.set_script(script);
    let mut programs = Programs::new(&world);
    programs.add("server", &one, |process| {
        let mut net = Net::with_host((), process, Limits::DEFAULT);
        let server = net.create_server(|net, socket| socket.end_with(net, "hello"));
        server.on_error(&mut net, |_, _, _| {});
        server.listen(&mut net, ("10.0.0.1", 80)).expect("a server");
        net.set_timeout(30_000.0, move |net| server.close(net));
        Box::new(net)
    });
    programs.add("client", &two, |process| {
        let mut net = Net::with_host((), process, Limits::DEFAULT);
        let client = net.connect(("10.0.0.1", 80)).expect("a socket");
        client.on_error(&mut net, |_, _, _| {});
        client.set_timeout_then(&mut net, 1_000_000.0, |net, client| client.destroy(net)).expect("a limit");
        client.resume(&mut net);
        Box::new(net)
    });
    programs.run(10_000_000).expect("programs");
    programs.are_over()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn programs_keep_the_rules(program in programs(300)) {
        prop_assert_eq!(program.run().problems, []);
    }

    #[test]
    fn what_is_written_in_chunks_arrives_in_order(chunking in chunkings(3_000, 12), program in programs(60)) {
        let arrived = arrives(&chunking, program.chooser());
        prop_assert_eq!(&arrived[..], &chunking.bytes()[..]);
    }

    #[test]
    fn under_any_script_all_comes_to_its_end(script in scripts(&TROUBLES, 6)) {
        prop_assert_eq!(script.faults().last(), Some(&(10_000, Fault::Well)));
        prop_assert!(ends(script.clone()), "{}", script);
    }
}

/// What is left of a failing input when it is made small.
fn smallest<T: std::fmt::Debug + Clone>(strategy: &impl Strategy<Value = T>, fails: impl Fn(&T) -> bool) -> T {
    let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let ran = runner.run(strategy, |value| {
        prop_assert!(!fails(&value));
        Ok(())
    });
    let Err(TestError::Fail(_, value)) = ran else { panic!("nothing fails") };
    value
}

#[test]
fn what_fails_is_made_small() {
    let chunking = smallest(&chunkings(50, 5), |chunking| chunking.chunks().any(|chunk| chunk.contains(&9)));
    assert_eq!((&chunking.bytes()[..], chunking.borders()), (&[9][..], &[][..]));
    let script = smallest(&scripts(&TROUBLES, 8), |script| {
        script.faults().iter().any(|(at, fault)| *at >= 500 && matches!(fault, Fault::Crash(_)))
    });
    assert_eq!(script.to_string(), "netfold faults 1\n500 crash one\n10000 well\n");
    let seen = Rc::new(RefCell::new(0));
    let program = smallest(&programs(100), |program| {
        *seen.borrow_mut() += 1;
        program.answers.iter().filter(|answer| **answer >= 2).count() > 2
    });
    assert_eq!(program.answers, [2, 2, 2], "after {} runs", seen.borrow());
}

#[test]
fn bytes_of_a_fuzzer_are_values() {
    for first in 0..=255_u8 {
        let bytes: Vec<u8> = (0..80_u8).map(|at| first.wrapping_mul(at).wrapping_add(at / 3)).collect();
        let mut u = Unstructured::new(&bytes);
        let script = TROUBLES.arbitrary(&mut u).expect("a script");
        assert_eq!(script.to_string().parse(), Ok(script));
        let chunking = Chunking::arbitrary(&mut Unstructured::new(&bytes)).expect("a chunking");
        assert_eq!(chunking.chunks().collect::<Vec<_>>().concat(), chunking.bytes().to_vec());
        let program = RandomProgram::arbitrary_take_rest(Unstructured::new(&bytes)).expect("a program");
        assert_eq!(program.answers, bytes);
        if first % 32 == 0 {
            assert_eq!(program.run().problems, []);
        }
    }
    let short = RandomProgram::arbitrary(&mut Unstructured::new(&[])).expect("no bytes are a program");
    assert_eq!(short.run().problems, []);
}
