//! A promise that nobody keeps.

/// As [`core_protocol`](crate::core_protocol), with one promise more, which is wrong: that never two listeners throw in one
/// run. A fuzzer that does not break it within seconds does not work.
///
/// # Panics
/// Where two listeners throw.
pub fn canary(data: &[u8]) {
    let report = crate::core_protocol(data);
    assert!(report.throws < 2, "the canary: {} listeners threw", report.throws);
}
