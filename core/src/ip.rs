//! `isIP`, `isIPv4` and `isIPv6` (rule N1).

use core::net::{Ipv4Addr, Ipv6Addr};

/// `net.isIP(text)`: 4, 6, or 0 for neither.
///
/// ```
/// use netfold_core::is_ip;
/// assert_eq!((is_ip("127.0.0.1"), is_ip("fe80::1%eth0"), is_ip("[::1]")), (4, 6, 0));
/// ```
pub fn is_ip(text: &str) -> u8 {
    if is_ipv4(text) {
        4
    } else if is_ipv6(text) {
        6
    } else {
        0
    }
}

/// `net.isIPv4(text)`: four decimal numbers without leading zeros.
pub fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// `net.isIPv6(text)`: the last two groups may be an IPv4 address, and `%` with a zone may follow.
pub fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    zone.is_none_or(is_zone) && address.parse::<Ipv6Addr>().is_ok()
}

fn is_zone(zone: &str) -> bool {
    !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
}
