//! The bodies of the fuzz targets over generated inputs and over the committed corpora.

use netfold_bodies::core_protocol;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// T1 to T10, L1, L2, W16, W17: whatever happens, nothing is left and every callback is called once.
    #[test]
    fn the_core_keeps_its_promises(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        core_protocol(&data);
    }
}

#[test]
fn the_corpora_pass() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/core_protocol");
    let mut count = 0;
    for entry in std::fs::read_dir(root).expect("the corpus is committed") {
        core_protocol(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "the corpus is not empty");
}
