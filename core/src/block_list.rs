//! `BlockList` (rules N2 to N5).
//!
//! A rule is kept as it was given, for [`BlockList::rules`], and as the interval of addresses that it blocks. Overlapping
//! and touching intervals are merged, so a check is one search in a tree, however many rules there are.

use crate::error::NodeError;
use crate::numeral::integer;
use crate::socket_address::{Family, IntoSocketAddress, SocketAddress, text};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::net::IpAddr;

/// The first IPv4-mapped address, `::ffff:0.0.0.0`.
const MAPPED: u128 = 0xffff_0000_0000;
/// The last one.
const MAPPED_END: u128 = MAPPED | 0xffff_ffff;

/// `net.BlockList`
///
/// ```
/// use netfold_core::{BlockList, Family};
///
/// let mut list = BlockList::new();
/// list.add_subnet("10.0.0.0", 8)?;
/// list.add_address(("::1", Family::Ipv6))?;
/// assert!(list.check("10.1.2.3") && list.check(("::ffff:10.1.2.3", Family::Ipv6)) && !list.check("127.0.0.1"));
/// assert_eq!(list.rules(), ["Address: IPv6 ::1", "Subnet: IPv4 10.0.0.0/8"]);
/// # Ok::<(), netfold_core::NodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<Rule>", into = "Vec<Rule>"))]
pub struct BlockList {
    rules: Vec<Rule>,
    /// What is blocked of the IPv4 addresses, as mapped ones. It is not what `v6` blocks of those (rule N4).
    v4: Intervals,
    v6: Intervals,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Rule {
    Address(IpAddr),
    Range(IpAddr, IpAddr),
    Subnet(IpAddr, u8),
}

/// Disjoint closed intervals that do not touch: from the first address to the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Intervals(BTreeMap<u128, u128>);

impl BlockList {
    /// What was added, in order: all the rest follows from it.
    pub(crate) fn listed(&self) -> &[Rule] {
        &self.rules
    }

    /// `new net.BlockList()`: nothing is blocked (rule N2).
    pub fn new() -> Self {
        Self::default()
    }

    /// `blockList.addAddress(address[, family])` (rule N5)
    ///
    /// # Errors
    ///
    /// ERR_INVALID_ADDRESS, or ERR_INVALID_ARG_VALUE for the name of a family that there is not.
    pub fn add_address(&mut self, address: impl IntoSocketAddress) -> Result<(), NodeError> {
        let ip = address.into_socket_address()?.ip();
        self.v4.add(mapped(ip).map(|a| (a, a)));
        self.v6.add(Some((bits(ip), bits(ip))));
        self.rules.push(Rule::Address(ip));
        Ok(())
    }

    /// `blockList.addRange(start, end[, family])`; both belong to the range (rule N5).
    ///
    /// # Errors
    ///
    /// As [`add_address`](Self::add_address), and ERR_INVALID_ARG_VALUE if the start is behind the end.
    pub fn add_range(&mut self, start: impl IntoSocketAddress, end: impl IntoSocketAddress) -> Result<(), NodeError> {
        let start = start.into_socket_address()?;
        let end = end.into_socket_address()?.ip();
        self.range(&start, end)
    }

    fn range(&mut self, start: &SocketAddress, end: IpAddr) -> Result<(), NodeError> {
        let first = start.ip();
        if compare(first, end) == Some(Ordering::Greater) {
            let received = start.to_string();
            return Err(NodeError::InvalidValue { name: "start", reason: "must come before end", received });
        }
        let (low, high) = (bits(first), bits(end));
        self.v4.add(mapped(first).zip(mapped(end)));
        self.v6.add(Some(if first.is_ipv4() || end.is_ipv4() {
            (low.max(MAPPED), high.min(MAPPED_END))
        } else {
            (low, high)
        }));
        self.rules.push(Rule::Range(first, end));
        Ok(())
    }

    /// `blockList.addSubnet(network, prefix[, family])` (rule N5)
    ///
    /// # Errors
    ///
    /// As [`add_address`](Self::add_address), and ERR_OUT_OF_RANGE for a prefix below 0, or above 32 or 128.
    pub fn add_subnet(&mut self, network: impl IntoSocketAddress, prefix: impl Into<i64>) -> Result<(), NodeError> {
        let network = network.into_socket_address()?;
        self.subnet(&network, prefix.into())
    }

    fn subnet(&mut self, network: &SocketAddress, given: i64) -> Result<(), NodeError> {
        let (greatest, range) = match network.family() {
            Family::Ipv4 => (32, ">= 0 && <= 32"),
            Family::Ipv6 => (128, ">= 0 && <= 128"),
        };
        let prefix = u8::try_from(given).ok().filter(|&prefix| prefix <= greatest);
        let Some(prefix) = prefix else {
            return Err(NodeError::OutOfRange { name: "prefix", range, received: integer(given) });
        };
        let host = u128::MAX.checked_shr(u32::from(prefix) + 128 - u32::from(greatest)).unwrap_or(0);
        let (first, last) = (bits(network.ip()) & !host, bits(network.ip()) | host);
        self.v4.add(Some((first.max(MAPPED), last.min(MAPPED_END))));
        self.v6.add(Some((first, last)));
        self.rules.push(Rule::Subnet(network.ip(), prefix));
        Ok(())
    }

    /// `blockList.check(address[, family])`: whether a rule blocks it. What is no address is not blocked (rules N3 to
    /// N5).
    pub fn check(&self, address: impl IntoSocketAddress) -> bool {
        match address.into_socket_address() {
            Ok(address) if address.family() == Family::Ipv4 => self.v4.contain(bits(address.ip())),
            Ok(address) => self.v6.contain(bits(address.ip())),
            Err(_) => false,
        }
    }

    /// The rules, the oldest first.
    pub(crate) fn given(&self) -> &[Rule] {
        &self.rules
    }

    /// Adds a rule that was kept.
    pub(crate) fn add(&mut self, rule: &Rule) -> Result<(), NodeError> {
        match *rule {
            Rule::Address(ip) => self.add_address(ip),
            Rule::Range(start, end) => self.add_range(start, end),
            Rule::Subnet(ip, prefix) => self.add_subnet(ip, prefix),
        }
    }

    /// `blockList.rules`: the rules in words, the newest first (rule N2).
    pub fn rules(&self) -> Vec<String> {
        self.rules.iter().rev().map(Rule::to_string).collect()
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Vec<Rule>> for BlockList {
    type Error = NodeError;

    fn try_from(rules: Vec<Rule>) -> Result<Self, NodeError> {
        let mut list = Self::new();
        rules.iter().try_for_each(|rule| list.add(rule))?;
        Ok(list)
    }
}

#[cfg(feature = "serde")]
impl From<BlockList> for Vec<Rule> {
    fn from(list: BlockList) -> Self {
        list.rules
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = |ip: &IpAddr| SocketAddress::from(*ip).family().title();
        match self {
            Rule::Address(ip) => write!(f, "Address: {} {}", family(ip), text(*ip)),
            Rule::Range(start, end) => write!(f, "Range: {} {}-{}", family(start), text(*start), text(*end)),
            Rule::Subnet(ip, prefix) => write!(f, "Subnet: {} {}/{prefix}", family(ip), text(*ip)),
        }
    }
}

impl Intervals {
    /// Nothing is added where the interval ends before it begins.
    fn add(&mut self, interval: Option<(u128, u128)>) {
        let Some((mut first, mut last)) = interval.filter(|(first, last)| first <= last) else { return };
        while let Some((&low, &high)) = self.0.range(..=last.saturating_add(1)).next_back() {
            if high.saturating_add(1) < first {
                break;
            }
            self.0.remove(&low);
            (first, last) = (first.min(low), last.max(high));
        }
        self.0.insert(first, last);
    }

    fn contain(&self, address: u128) -> bool {
        self.0.range(..=address).next_back().is_some_and(|(_, &last)| address <= last)
    }
}

/// The address as a number; an IPv4 address as the one it is mapped to.
fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => MAPPED | u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// The same, if it is or stands for an IPv4 address.
fn mapped(ip: IpAddr) -> Option<u128> {
    Some(bits(ip)).filter(|bits| (MAPPED..=MAPPED_END).contains(bits))
}

/// Node compares an IPv4 address only with one that stands for an IPv4 address too.
fn compare(a: IpAddr, b: IpAddr) -> Option<Ordering> {
    if a.is_ipv4() == b.is_ipv4() {
        return Some(bits(a).cmp(&bits(b)));
    }
    mapped(a).zip(mapped(b)).map(|(a, b)| a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_that_overlap_or_touch_are_one() {
        let mut intervals = Intervals::default();
        for at in (0..1000).step_by(2) {
            intervals.add(Some((at, at)));
        }
        assert_eq!(intervals.0.len(), 500);
        for at in (1..1000).step_by(2) {
            intervals.add(Some((at, at)));
        }
        assert_eq!(intervals.0, BTreeMap::from([(0, 999)]));
        intervals.add(Some((1001, u128::MAX)));
        assert!(!intervals.contain(1000) && intervals.contain(1001) && intervals.contain(u128::MAX));
        intervals.add(Some((5, 4)));
        intervals.add(Some((0, u128::MAX)));
        assert_eq!(intervals.0, BTreeMap::from([(0, u128::MAX)]));
    }

    #[test]
    fn a_rule_that_throws_is_not_added() {
        let mut list = BlockList::new();
        assert!(list.add_range("1.1.1.2", "1.1.1.1").is_err() && list.add_subnet("1.1.1.1", 33).is_err());
        assert!(list.rules().is_empty() && !list.check("1.1.1.1"));
    }
}
