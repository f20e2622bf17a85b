//! Random programs: valid, and logged alike by Node and by netfold.

use netfold_conformance::random::coverage::is_abrupt;
use netfold_conformance::random::differ::tree;
use netfold_conformance::scenario::{parse, print};
use proptest::strategy::ValueTree;

#[test]
fn random_programs_are_in_the_language_and_often_abrupt() {
    let mut abrupt = 0;
    for index in 0..1000 {
        let program = tree(7, index).current().program;
        let text = print(&program);
        match parse(&text) {
            Ok(parsed) => assert!(parsed == program, "it reads as another program:\n{text}"),
            Err(error) => panic!("{error}\n{text}"),
        }
        abrupt += u32::from(is_abrupt(&program));
    }
    assert!(abrupt > 333, "a third has a reset, a destroy or a half-close: {abrupt} of 1000");
}
