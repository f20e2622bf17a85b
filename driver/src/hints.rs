//! What a resolver can be asked besides a name: the hints of Node's `dns` module, by name.
//!
//! A sum of them goes to [`Connect::hints`](crate::Connect::hints). The numbers are Linux's on every system (rule F5).
//!
//! ```
//! use netfold::{Connect, hints};
//! let _ = Connect::from(("example.org", 80)).family(6).hints(hints::V4MAPPED | hints::ALL);
//! ```

/// `dns.V4MAPPED`: IPv4 addresses as IPv6-mapped ones, if there is no IPv6 address.
pub const V4MAPPED: u32 = 8;

/// `dns.ALL`: with [`V4MAPPED`], those beside the IPv6 addresses.
pub const ALL: u32 = 16;

/// `dns.ADDRCONFIG`: only families that this machine has an address of. Asked for by itself when neither a family nor
/// hints are given (rule C8).
pub const ADDRCONFIG: u32 = 32;
