//! Where to connect and to listen, in the forms that Node takes.

use crate::{AbortSignal, Port};
use netfold_core::{BlockList, ConnectTo, Family, HostOptions, ListenOn, ListenOptions, SocketOptions};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where to connect: `net.connect(options)`. The short forms are `From` conversions: a port, `(host, port)`, a
/// [`SocketAddr`], a [`Path`], and text as Node takes it: a number from 0 on is a port, all else a path (rule F2).
///
/// ```
/// use netfold::Connect;
/// use std::path::Path;
/// let _ = Connect::from(8080);
/// let _ = Connect::from(("example.org", 80));
/// let _ = Connect::from(Path::new("/tmp/echo.sock"));
/// assert_eq!(Connect::from("/tmp/echo.sock"), Connect::path("/tmp/echo.sock"));
/// assert_eq!(Connect::from("8080"), Connect::port(8080));
/// let _ = Connect::port(8080).host("::1").family(6);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    pub(crate) to: ConnectTo,
    pub(crate) port: Option<Port>,
    pub(crate) allow_half_open: bool,
    pub(crate) high_water_mark: Option<u32>,
    pub(crate) readable_high_water_mark: Option<u32>,
    pub(crate) writable_high_water_mark: Option<u32>,
    pub(crate) type_of_service: Option<u8>,
    pub(crate) timeout: Option<f64>,
    pub(crate) no_delay: bool,
    pub(crate) keep_alive: Option<u32>,
    pub(crate) signal: Option<AbortSignal>,
    pub(crate) block_list: Option<Arc<BlockList>>,
}

impl Connect {
    fn to(to: ConnectTo) -> Self {
        Self {
            to,
            port: None,
            allow_half_open: false,
            high_water_mark: None,
            readable_high_water_mark: None,
            writable_high_water_mark: None,
            type_of_service: None,
            timeout: None,
            no_delay: false,
            keep_alive: None,
            signal: None,
            block_list: None,
        }
    }

    pub(crate) fn socket_options(&self) -> SocketOptions {
        SocketOptions {
            allow_half_open: self.allow_half_open,
            high_water_mark: self.high_water_mark,
            readable_high_water_mark: self.readable_high_water_mark,
            writable_high_water_mark: self.writable_high_water_mark,
            no_delay: self.no_delay,
            keep_alive: self.keep_alive.is_some(),
            keep_alive_delay: self.keep_alive.unwrap_or(0),
            ..SocketOptions::default()
        }
    }

    /// A port of `localhost`, unless [`host`](Self::host) says otherwise. Out of 0 to 65535 `connect` throws
    /// `ERR_SOCKET_BAD_PORT` (rules F1 and E6).
    pub fn port(port: impl Into<Port>) -> Self {
        let port = port.into();
        let to = ConnectTo::Host(HostOptions { port: Some(port.number), ..HostOptions::default() });
        Self { port: Some(port), ..Self::to(to) }
    }

    /// A Unix path; a leading NUL names an abstract socket (Linux). As in Node an empty one is no path, and the port 0
    /// is left (rule E7).
    pub fn path(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_string_lossy().into_owned();
        if path.is_empty() { Self::port(0) } else { Self::to(ConnectTo::Path(path)) }
    }

    fn with_host(mut self, change: impl FnOnce(&mut HostOptions)) -> Self {
        if let ConnectTo::Host(options) = &mut self.to {
            change(options);
        }
        self
    }

    pub(crate) fn looked_up_by_the_user(self) -> Self {
        self.with_host(|o| o.custom_lookup = true)
    }

    /// The host: a name or an IP address, whose zone names an interface (`fe80::1%eth0`, rule C27). No effect on a path.
    pub fn host(self, host: impl Into<String>) -> Self {
        self.with_host(|o| o.host = Some(host.into()))
    }

    /// Ask the resolver for this family alone: 4 or 6, or a [`Family`]; 0 for either. Another number throws
    /// `ERR_INVALID_ARG_VALUE`, unless a `lookup` of the user's gets it (rule E8).
    pub fn family(self, family: impl IntoFamily) -> Self {
        self.with_host(|o| o.family = family.into_family())
    }

    /// Resolver hints: a sum of those in [`hints`](crate::hints), the bits of Node's `dns` module. Others throw
    /// `ERR_INVALID_ARG_VALUE`, unless a `lookup` of the user's gets them (rule E8).
    pub fn hints(self, hints: u32) -> Self {
        self.with_host(|o| o.hints = hints)
    }

    /// Connect from this address (rule C16).
    pub fn local_address(self, address: impl Into<String>) -> Self {
        self.with_host(|o| o.local_address = Some(address.into()))
    }

    /// Connect from this port (rules C16 and D33).
    pub fn local_port(self, port: impl Into<i64>) -> Self {
        self.with_host(|o| o.local_port = Some(port.into()))
    }

    /// Try a name's addresses one after the other (rule C17), in place of
    /// [`Net::set_default_auto_select_family`](crate::Net::set_default_auto_select_family).
    pub fn auto_select_family(self, on: bool) -> Self {
        self.with_host(|o| o.auto_select_family = Some(on))
    }

    /// How long one of several addresses may take before the next is tried, in milliseconds; at least 10. Less than 1
    /// throws `ERR_OUT_OF_RANGE` (rule C18).
    pub fn auto_select_family_attempt_timeout(self, ms: i64) -> Self {
        self.with_host(|o| o.attempt_timeout = Some(ms))
    }

    /// When this is aborted the socket is destroyed with `ABORT_ERR` (rule C26). Of use to
    /// [`Net::connect`](crate::Net::connect), which makes the socket.
    pub fn signal(mut self, signal: &AbortSignal) -> Self {
        self.signal = Some(signal.clone());
        self
    }

    /// The socket never connects to what this list names: `ERR_IP_BLOCKED` (rule S28). Newer than Node 20. It stays with
    /// the socket until another list is given. No effect on a path.
    pub fn block_list(mut self, list: &BlockList) -> Self {
        self.block_list = Some(Arc::new(list.clone()));
        self
    }

    /// Keep the writable side open when the other party ends (rules L12 and L14).
    pub fn allow_half_open(mut self, allow: bool) -> Self {
        self.allow_half_open = allow;
        self
    }

    /// The high water mark of both sides, in bytes. It wins over the two that follow (rule R23).
    pub fn high_water_mark(mut self, bytes: u32) -> Self {
        self.high_water_mark = Some(bytes);
        self
    }

    /// The high water mark of the readable side, in bytes; 16,384 by default (rule R23).
    pub fn readable_high_water_mark(mut self, bytes: u32) -> Self {
        self.readable_high_water_mark = Some(bytes);
        self
    }

    /// The high water mark of the writable side, in bytes; 16,384 by default (rule R23).
    pub fn writable_high_water_mark(mut self, bytes: u32) -> Self {
        self.writable_high_water_mark = Some(bytes);
        self
    }

    /// The type of service of what is sent: as `set_type_of_service` before connecting (rule O12).
    pub fn type_of_service(mut self, tos: u8) -> Self {
        self.type_of_service = Some(tos);
        self
    }

    /// As `set_timeout` before connecting, in milliseconds; 0 and NaN are none. Of use to [`Net::connect`](crate::Net::connect),
    /// which makes the socket, as are the other options of a socket here (rule F4).
    pub fn timeout(mut self, ms: f64) -> Self {
        self.timeout = Some(ms);
        self
    }

    /// Disable Nagle's algorithm once connected (rule O11).
    pub fn no_delay(mut self, on: bool) -> Self {
        self.no_delay = on;
        self
    }

    /// Turn keep-alive on once connected, the first probe after so many milliseconds (rules O11 and O2).
    pub fn keep_alive(mut self, initial_delay: u32) -> Self {
        self.keep_alive = Some(initial_delay);
        self
    }
}

/// The family that a name is resolved to.
pub trait IntoFamily {
    /// 4, 6, or 0 for either.
    fn into_family(self) -> u8;
}

impl IntoFamily for u8 {
    fn into_family(self) -> u8 {
        self
    }
}

impl IntoFamily for Family {
    fn into_family(self) -> u8 {
        match self {
            Family::Ipv4 => 4,
            Family::Ipv6 => 6,
        }
    }
}

impl From<u16> for Connect {
    fn from(port: u16) -> Self {
        Self::port(port)
    }
}

impl From<i32> for Connect {
    fn from(port: i32) -> Self {
        Self::port(port)
    }
}

impl From<(&str, u16)> for Connect {
    fn from((host, port): (&str, u16)) -> Self {
        Self::port(port).host(host)
    }
}

impl From<(IpAddr, u16)> for Connect {
    fn from((ip, port): (IpAddr, u16)) -> Self {
        Self::port(port).host(ip.to_string())
    }
}

impl From<SocketAddr> for Connect {
    fn from(addr: SocketAddr) -> Self {
        Self::from((addr.ip(), addr.port()))
    }
}

impl From<&Path> for Connect {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Connect {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Connect {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<String> for Connect {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// Where to listen: `server.listen(options)`. The short forms are `From` conversions, as for [`Connect`].
///
/// ```
/// use netfold::Listen;
/// assert_eq!(Listen::from("/tmp/echo.sock"), Listen::path("/tmp/echo.sock"));
/// let _ = Listen::from(("127.0.0.1", 0)).backlog(16);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    pub(crate) on: ListenOn,
    pub(crate) port: Option<Port>,
    pub(crate) more: ListenOptions,
    pub(crate) signal: Option<AbortSignal>,
}

impl Listen {
    /// A port on all addresses, unless [`host`](Self::host) says otherwise; 0 takes a free one (rule S2).
    pub fn port(port: impl Into<Port>) -> Self {
        let port = port.into();
        let on = ListenOn::Port { port: port.number, host: None, backlog: 0, ipv6_only: false };
        Self { on, port: Some(port), more: ListenOptions::default(), signal: None }
    }

    /// A Unix path; a leading NUL names an abstract socket (Linux). One that is empty or reads as a number throws
    /// `ERR_INVALID_ARG_VALUE`, as in Node (rule E7).
    pub fn path(path: impl AsRef<Path>) -> Self {
        let on = ListenOn::Path { path: path.as_ref().to_string_lossy().into_owned(), backlog: 0 };
        Self { on, port: None, more: ListenOptions::default(), signal: None }
    }

    /// When this is aborted the server is closed (rule S16).
    pub fn signal(mut self, signal: &AbortSignal) -> Self {
        self.signal = Some(signal.clone());
        self
    }

    /// One host of this machine: a name or an IP address, whose zone names an interface (`fe80::1%eth0`, rule S6). No
    /// effect on a path.
    pub fn host(mut self, name: impl Into<String>) -> Self {
        if let ListenOn::Port { host, .. } = &mut self.on {
            *host = Some(name.into());
        }
        self
    }

    /// How many connections may wait to be accepted (rule S18); 0 is 511, the default. Below 0, and above 2^31 - 1, as many
    /// as the system allows.
    pub fn backlog(mut self, connections: impl Into<i64>) -> Self {
        let (ListenOn::Port { backlog, .. } | ListenOn::Path { backlog, .. } | ListenOn::Fd { backlog, .. }) =
            &mut self.on;
        *backlog = u32::try_from(connections.into()).unwrap_or(u32::MAX);
        self
    }

    /// With an IPv6 host: do not take IPv4 connections too. Without a host it has no effect, as in Node 20 (rule S18).
    pub fn ipv6_only(mut self, only: bool) -> Self {
        if let ListenOn::Port { ipv6_only, .. } = &mut self.on {
            *ipv6_only = only;
        }
        self
    }

    /// Share the port with other servers that say so too; the system spreads the connections (rule S20). ENOTSUP but on
    /// Linux, FreeBSD and DragonFly BSD. Newer than Node 20. No effect on a path.
    pub const fn reuse_port(mut self, on: bool) -> Self {
        self.more.reuse_port = on;
        self
    }

    /// Everybody may read from a Unix path's socket (rule S19). `listen` throws `ERR_INVALID_ARG_VALUE` for an abstract
    /// name. No effect on a port.
    pub const fn readable_all(mut self, on: bool) -> Self {
        self.more.readable_all = on;
        self
    }

    /// Everybody may write to a Unix path's socket, as [`readable_all`](Self::readable_all) (rule S19).
    pub const fn writable_all(mut self, on: bool) -> Self {
        self.more.writable_all = on;
        self
    }

    /// Do not share the server's handle with other processes of a cluster. There are no clusters here: every server is
    /// exclusive, and this has no effect (rule S18).
    pub const fn exclusive(self, _on: bool) -> Self {
        self
    }
}

impl From<u16> for Listen {
    fn from(port: u16) -> Self {
        Self::port(port)
    }
}

impl From<i32> for Listen {
    fn from(port: i32) -> Self {
        Self::port(port)
    }
}

impl From<(&str, u16)> for Listen {
    fn from((host, port): (&str, u16)) -> Self {
        Self::port(port).host(host)
    }
}

impl From<SocketAddr> for Listen {
    fn from(addr: SocketAddr) -> Self {
        Self::port(addr.port()).host(addr.ip().to_string())
    }
}

impl From<&Path> for Listen {
    fn from(path: &Path) -> Self {
        Self::path(path)
    }
}

impl From<&PathBuf> for Listen {
    fn from(path: &PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<PathBuf> for Listen {
    fn from(path: PathBuf) -> Self {
        Self::path(path)
    }
}

impl From<String> for Listen {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<(IpAddr, u16)> for Listen {
    fn from((ip, port): (IpAddr, u16)) -> Self {
        Self::port(port).host(ip.to_string())
    }
}
