//! What random programs leave out, because a row of `spec/deviations.md` says that netfold differs there on purpose.
//!
//! What can be told from the program is left out when it is made, and counted. What shows only in Node's log is told from
//! that ([`deviation`]), and counted too.

use std::collections::BTreeMap;

/// How often something was left out, by the deviation's name.
pub type Filtered = BTreeMap<&'static str, u32>;

/// D2: in 'connectionAttempt' only what cannot destroy the socket.
pub const D2: &str = "D2 destroying in 'connectionAttempt'";
/// D3: hex text of odd length.
pub const D3: &str = "D3 hex text of odd length";
/// D8: a peer that connects again.
pub const D8: &str = "D8 an accepted socket connects";
/// D9: a callback that throws.
pub const D9: &str = "D9 a callback throws";
/// D14: `read(n)` of a socket with an encoding.
pub const D14: &str = "D14 read(n) with an encoding";
/// D18: a signal that is aborted before it is used.
pub const D18: &str = "D18 abort before connect";

/// Node's documentation: "should be used only for reconnecting a socket after 'close' has been emitted or otherwise it may lead
/// to undefined behavior".
pub const EARLY: &str = "connect before 'close': undefined in Node's documentation";

/// Whether a socket is asked to connect while an earlier connect of it has not come to its 'close'. Such programs are
/// compared; what differs is not called a difference.
pub fn connects_early(log: &str) -> bool {
    log.split("== ").any(|block| {
        let mut open = false;
        block.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, line)| line.split(" | ")).any(|entry| {
            let asks = entry.starts_with("connect ");
            let early = asks && open;
            open = (open || asks) && !(entry.starts_with("close ") && entry != "close ");
            early
        })
    })
}

/// The deviation that Node's log shows, if there is one: the logs of such a program are not compared.
pub fn deviation(log: &str) -> Option<&'static str> {
    const SIGNS: &[(&str, &str)] = &[
        ("EINVAL \"reset EINVAL\"", "D1 reset while FIN is under way"),
        ("TypeError", "D2, D19 a TypeError within Node"),
        ("ERR_INTERNAL_ASSERTION", "D2 an assertion within Node"),
        ("RangeError", "D7 the native stack"),
    ];
    SIGNS.iter().find(|(sign, _)| log.contains(sign)).map(|(_, name)| *name)
}
