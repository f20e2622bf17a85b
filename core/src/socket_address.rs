//! `SocketAddress` (rules N6 to N9): an address with a port and a flow label, checked and printed as Node does.

use crate::error::NodeError;
use crate::numeral::integer;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::str::FromStr;

/// Flow labels have 20 bits.
const GREATEST_LABEL: u32 = 0xf_ffff;

/// The family of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Family {
    /// `'ipv4'`, which Node assumes where none is given.
    #[default]
    Ipv4,
    /// `'ipv6'`
    Ipv6,
}

impl Family {
    /// Node's name for it: `ipv4` or `ipv6` (rule N7).
    pub const fn as_str(self) -> &'static str {
        match self {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
        }
    }

    /// The spelling in the rules of a block list.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        }
    }
}

impl FromStr for Family {
    type Err = NodeError;

    /// Node's name in any case; anything else is ERR_INVALID_ARG_VALUE.
    fn from_str(name: &str) -> Result<Self, NodeError> {
        if name.eq_ignore_ascii_case("ipv4") {
            Ok(Family::Ipv4)
        } else if name.eq_ignore_ascii_case("ipv6") {
            Ok(Family::Ipv6)
        } else {
            Err(NodeError::InvalidValue { name: "options.family", reason: "is invalid", received: inspected(name) })
        }
    }
}

/// The options of [`SocketAddress::new`]; what is left out has Node's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct SocketAddressOptions {
    /// The address; `127.0.0.1` or `::` if there is none.
    pub address: Option<String>,
    /// The family that the address must be of.
    pub family: Family,
    /// The port.
    pub port: i64,
    /// The flow label, of IPv6 addresses only.
    pub flowlabel: i64,
}

/// `net.SocketAddress`
///
/// It prints as Node's `util.inspect` shows it.
///
/// ```
/// use netfold_core::{Family, SocketAddress, SocketAddressOptions};
///
/// let options = SocketAddressOptions { family: Family::Ipv6, port: 80, ..Default::default() };
/// let address = SocketAddress::new(&options).unwrap();
/// assert_eq!((address.address(), address.port()), (String::from("::"), 80));
/// assert_eq!(address.to_string(), "SocketAddress { address: '::', port: 80, family: 'ipv6', flowlabel: 0 }");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "SocketAddressOptions", into = "SocketAddressOptions"))]
pub struct SocketAddress {
    ip: IpAddr,
    port: u16,
    flowlabel: u32,
}

impl SocketAddress {
    /// `new net.SocketAddress(options)` (rule N7)
    ///
    /// # Errors
    ///
    /// In this order: ERR_SOCKET_BAD_PORT, ERR_OUT_OF_RANGE for the flow label, ERR_INVALID_ADDRESS.
    pub fn new(options: &SocketAddressOptions) -> Result<Self, NodeError> {
        let port = u16::try_from(options.port)
            .map_err(|_| NodeError::BadPort { name: "options.port", received: options.port.to_string() })?;
        let flowlabel = flowlabel(options.flowlabel, options.family)?;
        let ip = match &options.address {
            Some(text) => ip(text, options.family)?,
            None if options.family == Family::Ipv4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
            None => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        Ok(Self { ip, port, flowlabel })
    }

    /// `net.SocketAddress.parse(input)`, which Node has since v22.13: `1.2.3.4:80` or `[::1]:80`, the port may be left out.
    ///
    /// As in Node the text is the authority of an `http:` URL, with all the spellings that browsers take for an IPv4
    /// address (`0x7f.1`), and the port 80 is read as "no port": 0. See rule N9.
    pub fn parse(input: &str) -> Option<Self> {
        let (ip, port) = authority(input)?;
        Some(Self { ip, port, flowlabel: 0 })
    }

    /// The address, as Node prints it (rule N6).
    pub fn address(&self) -> String {
        text(self.ip)
    }

    /// The address (rule N7).
    pub const fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The port (rule N7).
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The family (rule N7).
    pub const fn family(&self) -> Family {
        match self.ip {
            IpAddr::V4(_) => Family::Ipv4,
            IpAddr::V6(_) => Family::Ipv6,
        }
    }

    /// The flow label; 0 for IPv4 (rule N7).
    pub const fn flowlabel(&self) -> u32 {
        self.flowlabel
    }
}

impl Default for SocketAddress {
    fn default() -> Self {
        Self { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 0, flowlabel: 0 }
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, port, flowlabel) = (self.address(), self.port.to_string(), self.flowlabel.to_string());
        // `util.inspect` breaks lines of more than 80 columns, among which it counts the brackets and then some.
        let (open, comma, close) = match address.len() + port.len() + flowlabel.len() {
            ..=19 => (" ", ", ", " "),
            _ => ("\n  ", ",\n  ", "\n"),
        };
        let family = self.family().as_str();
        write!(
            f,
            "SocketAddress {{{open}address: '{address}'{comma}port: {port}{comma}family: '{family}'{comma}flowlabel: \
             {flowlabel}{close}}}"
        )
    }
}

#[cfg(feature = "serde")]
impl TryFrom<SocketAddressOptions> for SocketAddress {
    type Error = NodeError;

    fn try_from(options: SocketAddressOptions) -> Result<Self, NodeError> {
        Self::new(&options)
    }
}

#[cfg(feature = "serde")]
impl From<SocketAddress> for SocketAddressOptions {
    fn from(of: SocketAddress) -> Self {
        let (port, flowlabel) = (i64::from(of.port), i64::from(of.flowlabel));
        Self { address: Some(of.address()), family: of.family(), port, flowlabel }
    }
}

impl From<IpAddr> for SocketAddress {
    fn from(ip: IpAddr) -> Self {
        Self { ip, port: 0, flowlabel: 0 }
    }
}

impl From<SocketAddr> for SocketAddress {
    fn from(addr: SocketAddr) -> Self {
        let flowlabel = match addr {
            SocketAddr::V4(_) => 0,
            SocketAddr::V6(v6) => v6.flowinfo() & GREATEST_LABEL,
        };
        Self { ip: addr.ip(), port: addr.port(), flowlabel }
    }
}

impl From<SocketAddress> for SocketAddr {
    fn from(addr: SocketAddress) -> Self {
        match addr.ip {
            IpAddr::V4(ip) => SocketAddr::V4(SocketAddrV4::new(ip, addr.port)),
            IpAddr::V6(ip) => SocketAddr::V6(SocketAddrV6::new(ip, addr.port, addr.flowlabel, 0)),
        }
    }
}

/// What a [`BlockList`](crate::BlockList) takes for an address: text (of `ipv4`), text with a family or its name, a
/// [`SocketAddress`], or an address of the standard library.
pub trait IntoSocketAddress {
    /// The address.
    ///
    /// # Errors
    ///
    /// ERR_INVALID_ADDRESS, or ERR_INVALID_ARG_VALUE for the name of a family that there is not.
    fn into_socket_address(self) -> Result<SocketAddress, NodeError>;
}

impl IntoSocketAddress for &str {
    fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
        (self, Family::Ipv4).into_socket_address()
    }
}

impl IntoSocketAddress for &String {
    fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
        self.as_str().into_socket_address()
    }
}

impl<S: AsRef<str>> IntoSocketAddress for (S, Family) {
    fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
        ip(self.0.as_ref(), self.1).map(SocketAddress::from)
    }
}

impl<S: AsRef<str>> IntoSocketAddress for (S, &str) {
    fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
        let family = self.1.parse::<Family>()?;
        (self.0, family).into_socket_address()
    }
}

macro_rules! always_valid {
    ($($given:ty: $convert:expr;)*) => {$(
        impl IntoSocketAddress for $given {
            fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
                let convert: fn($given) -> SocketAddress = $convert;
                Ok(convert(self))
            }
        }
    )*};
}

always_valid! {
    SocketAddress: |a| a;
    IpAddr: SocketAddress::from;
    Ipv4Addr: |ip| IpAddr::V4(ip).into();
    Ipv6Addr: |ip| IpAddr::V6(ip).into();
    SocketAddr: SocketAddress::from;
}

/// The text as an address of this family. A zone is allowed after an IPv6 address, whatever it is, and dropped.
fn ip(text: &str, family: Family) -> Result<IpAddr, NodeError> {
    let ip = match family {
        Family::Ipv4 => text.parse().map(IpAddr::V4),
        Family::Ipv6 => text.split_once('%').map_or(text, |(address, _)| address).parse().map(IpAddr::V6),
    };
    ip.map_err(|_| NodeError::InvalidAddress)
}

fn flowlabel(given: i64, family: Family) -> Result<u32, NodeError> {
    let out_of_range = |range| NodeError::OutOfRange { name: "options.flowlabel", range, received: integer(given) };
    let label = u32::try_from(given).map_err(|_| out_of_range(">= 0 && <= 4294967295"))?;
    match family {
        Family::Ipv4 => Ok(0),
        Family::Ipv6 if label > GREATEST_LABEL => Err(out_of_range(">= 0 && <= 1048575")),
        Family::Ipv6 => Ok(label),
    }
}

/// An address as libuv prints it: as Rust does, but with the last 32 bits dotted after 96 that are 0.
pub(crate) fn text(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(v6) if v6.to_bits() >> 32 == 0 && v6.to_bits() >> 16 != 0 => {
            let [.., a, b, c, d] = v6.octets();
            format!("::{a}.{b}.{c}.{d}")
        }
        _ => ip.to_string(),
    }
}

/// A text as ERR_INVALID_ARG_VALUE shows it: in quotes, at most 128 UTF-16 units of it.
pub(crate) fn inspected(text: &str) -> String {
    let quote = match (text.contains('\''), text.contains('"'), text.contains('`')) {
        (false, ..) => '\'',
        (true, false, _) => '"',
        (true, true, false) if !text.contains("${") => '`',
        _ => '\'',
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\\' => out.push_str("\\\\"),
            c if c == quote && quote == '\'' => out.push_str("\\'"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' => out.push_str(&format!("\\x{:02X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(quote);
    let units: Vec<u16> = out.encode_utf16().collect();
    match units.get(..128) {
        Some(first) if units.len() > 128 => String::from_utf16_lossy(first) + "...",
        _ => out,
    }
}

/// The address and the port of `http://<input>`, by the URL standard, as far as they can be an IP address.
fn authority(input: &str) -> Option<(IpAddr, u16)> {
    let input: String =
        input.trim_end_matches(|c| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let input = input.trim_start_matches(['/', '\\']);
    let input = input.split(['/', '\\', '?', '#']).next()?;
    let input = input.rsplit('@').next()?;
    if let Some(rest) = input.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = if rest.is_empty() { 0 } else { url_port(rest.strip_prefix(':')?)? };
        return Some((IpAddr::V6(host.parse().ok()?), port));
    }
    let (host, port) = match input.split_once(':') {
        Some((host, port)) => (host, url_port(port)?),
        None => (input, 0),
    };
    Some((IpAddr::V4(url_ipv4(&percent_decoded(host))?), port))
}

/// A URL drops the port that its scheme has anyway: 80.
fn url_port(digits: &str) -> Option<u16> {
    let mut port = 0u32;
    for b in digits.bytes() {
        port = port * 10 + u32::from(b.is_ascii_digit().then(|| b - b'0')?);
        if port > 65535 {
            return None;
        }
    }
    u16::try_from(port).ok().map(|port| if port == 80 { 0 } else { port })
}

fn percent_decoded(host: &str) -> Vec<u8> {
    let hex = |b: Option<&u8>| b.and_then(|&b| char::from(b).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let bytes = host.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        match (b, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            _ => {
                out.push(b);
                at += 1;
            }
        }
    }
    out
}

/// One to four numbers, each decimal, octal (`0`) or hexadecimal (`0x`); the last one fills what is left.
fn url_ipv4(host: &[u8]) -> Option<Ipv4Addr> {
    let host = host.strip_suffix(b".").unwrap_or(host);
    let mut parts = Vec::new();
    for part in host.split(|&b| b == b'.') {
        parts.push(url_number(part)?);
    }
    let (&last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|&part| part > 255) || last >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    let above = first.iter().enumerate().map(|(at, part)| part << (8 * (3 - at))).sum::<u64>();
    u32::try_from(above + last).ok().map(Ipv4Addr::from_bits)
}

fn url_number(part: &[u8]) -> Option<u64> {
    let (digits, radix) = match part {
        [] => return None,
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] => (digits, 8),
        digits => (digits, 10),
    };
    digits.iter().try_fold(0u64, |sum, &b| {
        let digit = char::from(b).to_digit(radix)?;
        Some(sum.saturating_mul(u64::from(radix)).saturating_add(u64::from(digit)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_standard_library_come_and_go() {
        let text = "[fe80::1]:80";
        let addr: SocketAddr = text.parse().unwrap();
        assert_eq!(SocketAddr::from(SocketAddress::from(addr)), addr);
        assert_eq!(SocketAddress::parse(text), Some(SocketAddress { port: 0, ..addr.into() }));
        assert_eq!(SocketAddress::parse("[fe80::1]:81"), Some(SocketAddress { port: 81, ..addr.into() }));
        assert_eq!(SocketAddress::from(IpAddr::V4(Ipv4Addr::LOCALHOST)), SocketAddress::default());
    }

    #[test]
    fn whatever_is_parsed_never_panics_or_overflows() {
        for n in [255, 300] {
            let long = "9".repeat(n);
            for text in [long.clone(), format!("1.2.3.4:{long}"), format!("0x{long}.{long}"), format!("[{long}]")] {
                assert_eq!(SocketAddress::parse(&text), None);
            }
        }
        for text in ["%", "%e", "%%", "@", "@@", "[", "]", "[]", ":", "/", "\\", "%é1", "é%", "1%C3%A9"] {
            assert_eq!(SocketAddress::parse(text), None, "{text}");
        }
    }
}
