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
pub const D9: &str = "D9 a callback throws, or is called twice";
/// D58: a listener of 'prefinish' that throws.
pub const D58: &str = "D58 a throw in 'prefinish'";
/// D59: a 'readable' listener that is not there is removed.
pub const D59: &str = "D59 a 'readable' listener removed, perhaps once more";
/// D60: a listener of 'drop' that throws.
pub const D60: &str = "D60 a throw in 'drop'";
/// D14: `read(n)` of a socket with an encoding.
pub const D14: &str = "D14 read(n) with an encoding";
/// D18: a signal that is aborted before it is used.
pub const D18: &str = "D18 abort before connect";

/// Node's documentation: "should be used only for reconnecting a socket after 'close' has been emitted or otherwise it may lead
/// to undefined behavior".
pub const EARLY: &str = "connect before 'close': undefined in Node's documentation";

/// What the log of a program that differs is not called a difference for.
pub fn undefined(log: &str) -> Option<&'static str> {
    if connects_early(log) {
        return Some(EARLY);
    }
    calls_again(log).then_some(D9)
}

/// Whether a socket is asked to connect while an earlier connect of it has not come to its 'close'. Such programs are
/// compared; what differs is not called a difference.
fn connects_early(log: &str) -> bool {
    log.split("== ").any(|block| {
        // How many connects have not come to their 'close', and whether one of a socket that had no handle is to come.
        let (mut owed, mut idle) = (0, false);
        block.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, line)| line.split(" | ")).any(|entry| {
            let early = entry.starts_with("connect ") && (owed > 0 || idle);
            if entry.starts_with("connect ") {
                owed += 1;
            } else if entry == "close undefined" {
                idle = false;
            } else if entry.starts_with("close ") {
                owed -= 1;
            } else if owed == 0 && entry.starts_with("destroy") {
                idle = true;
            }
            early
        })
    })
}

/// Whether a callback is called more often than it was given, or ends the socket while others fail: Node calls those of writes
/// that wait again when one of them ends the socket or fails (D9).
fn calls_again(log: &str) -> bool {
    log.split("== ").any(|block| {
        if uncorks_while_failing(block) {
            return true;
        }
        let mut given: BTreeMap<&str, i32> = BTreeMap::new();
        block.lines().filter_map(|line| line.split_once(": ")).flat_map(|(_, line)| line.split(" | ")).any(|entry| {
            if let Some(name) = entry.strip_prefix("cb ").and_then(|rest| rest.split(' ').next()) {
                let left = given.entry(name).or_default();
                *left -= 1;
                return *left < 0;
            }
            let name = entry.split(' ').find_map(|word| word.strip_prefix("cb="));
            // What stays a listener is called as often as there is an event.
            let often = if entry.starts_with("setTimeout") { 1000 } else { 1 };
            name.into_iter().for_each(|name| *given.entry(name).or_default() += often);
            false
        })
    })
}

/// Whether a callback that fails uncorks its socket, which writes what is being failed.
fn uncorks_while_failing(block: &str) -> bool {
    let mut corked = false;
    block.lines().filter_map(|line| line.split_once(": ")).any(|(_, segment)| {
        let mut failing = false;
        segment.split(" | ").any(|entry| {
            corked |= entry == "cork";
            failing |= entry.starts_with("cb ") && entry.contains(" E");
            let uncorks = matches!(entry, "end" | "uncork" | "destroySoon") || entry.starts_with("end ");
            corked && failing && uncorks
        })
    })
}

/// The deviation that Node's log shows, if there is one: the logs of such a program are not compared.
pub fn deviation(log: &str) -> Option<&'static str> {
    const SIGNS: &[(&str, &str)] = &[
        ("EINVAL \"reset EINVAL\"", "D1 reset while FIN is under way"),
        ("EBADF \"reset EBADF\"", "D1 reset of what has no descriptor yet"),
        ("=NaN", "D61 bytesWritten is no number"),
        ("ERR_MULTIPLE_CALLBACK", "D62 a write of an earlier connection"),
        ("TypeError", "D2, D19 a TypeError within Node"),
        ("ERR_INTERNAL_ASSERTION", "D2 an assertion within Node"),
        ("RangeError", "D7 the native stack"),
        ("!! time limit", "no deviation: ended by time, so how far it came is not compared"),
    ];
    SIGNS.iter().find(|(sign, _)| log.contains(sign)).map(|(_, name)| *name)
}
