/// W13 drain, after input 54: a callback comes before the 'drain' that is due
#[test]
fn a_callback_comes_behind_the_drain_that_is_due() {
    const TAPE: &str = "\
    netfold tape 1
    0 4 buffers
    0 3 all acts
    1 2 kind
    1 4 mark
    0 2 half-open
    0 4 pause on connect
    0 2 server counts
    0 2 horizon counts
    0 3 clients
    0 4 mark
    0 2 half-open
    0 4 acts before connect
    0 3 idle timeout
    0 5 reads
    0 5 acts
    0 3 ends some time
    0 3 when
    0 3 reacts
    0 2 order
    0 3 idle timeout
    0 5 reads
    1 5 acts
    0 35 act
    1 7 size
    1 4 write";
    let tape: netfold_sim::Tape = TAPE.parse().expect("a tape");
    let finished = netfold_sim::Kind::Program.run(&netfold_sim::Chooser::tape(tape));
    let broken: Vec<_> = finished.problems.iter().filter(|(rule, _)| rule == "W13 drain").collect();
    assert!(broken.is_empty(), "{broken:#?}\n{}", netfold_sim::Diagram::of(&finished));
}
