//! Names to addresses, on a few threads: the system's resolver blocks.

use super::platform;
use netfold_core::LookupCode;
use std::net::IpAddr;

/// Resolves names. Called on a thread of its own, and so may block.
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, in the order in which they are to be used.
    ///
    /// `family` is 4, 6 or 0 for either; `hints` are the bits of Node's `dns` module on Linux: 32 `ADDRCONFIG`, 8
    /// `V4MAPPED`, 16 `ALL`. No address is [`LookupCode::NotFound`]. A panic becomes [`LookupCode::Fail`].
    fn resolve(&self, host: &str, family: u8, hints: u32) -> Result<Vec<IpAddr>, LookupCode>;
}

/// The system's own resolver: `getaddrinfo`, in the order that it gives.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, family: u8, hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
        platform::addresses(host, family, hints)
    }
}
