//! `isIP`, `isIPv4` and `isIPv6` (rule N1).

use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `net.isIP(text)`: 4, 6, or 0 for neither (rule N1).
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

/// `net.isIPv4(text)`: four decimal numbers without leading zeros (rule N1).
pub fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// `net.isIPv6(text)`: the last two groups may be an IPv4 address, and `%` with a zone may follow (rule N1).
pub fn is_ipv6(text: &str) -> bool {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    zone.is_none_or(is_zone) && address.parse::<Ipv6Addr>().is_ok()
}

/// An address as Node prints it (rule N6): the addresses here are the standard library's, which prints a few of IPv6
/// otherwise.
///
/// ```
/// use netfold_core::ip_text;
/// assert_eq!(ip_text("::1:0".parse().unwrap()), "::0.1.0.0");
/// assert_eq!(ip_text("2001:db8::1".parse().unwrap()), "2001:db8::1");
/// ```
pub fn ip_text(ip: IpAddr) -> String {
    crate::socket_address::text(ip)
}

/// The address and the zone of a text that [`is_ip`] takes for an address (rules C27 and N1).
///
/// ```
/// use netfold_core::ip_and_zone;
/// assert_eq!(ip_and_zone("fe80::1%eth0"), Some(("fe80::1".parse().unwrap(), Some("eth0"))));
/// assert_eq!(ip_and_zone("eth0"), None);
/// ```
pub fn ip_and_zone(text: &str) -> Option<(IpAddr, Option<&str>)> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) if is_ipv6(text) => (address, Some(zone)),
        _ => (text, None),
    };
    Some((address.parse().ok()?, zone))
}

fn is_zone(zone: &str) -> bool {
    !zone.is_empty() && zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
}
