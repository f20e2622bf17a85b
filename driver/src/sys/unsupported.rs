//! Systems without Unix sockets: the same names, and an error that says so.

use super::{Resolve, SystemOptions};
use netfold_core::host::Kernel;
use netfold_core::{Call, Completion, LookupCode, Reply};
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

/// Names are not resolved.
pub(super) const fn addresses(_host: &str, _family: u8, _hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
    Err(LookupCode::Fail)
}

/// There are no system calls for this system yet: it cannot be made.
#[derive(Debug)]
pub struct System(Infallible);

/// Wakes a [`System`]: there is none.
#[derive(Clone, Debug)]
pub struct Waker(Infallible);

impl Waker {
    /// Cannot be called.
    pub fn wake(&self) {
        match self.0 {}
    }
}

impl System {
    /// Fails with [`io::ErrorKind::Unsupported`].
    pub fn new() -> io::Result<Self> {
        Self::with_options(SystemOptions::default())
    }

    /// Fails with [`io::ErrorKind::Unsupported`].
    pub fn with_resolver(_resolver: Arc<dyn Resolve>) -> io::Result<Self> {
        Self::new()
    }

    /// Fails with [`io::ErrorKind::Unsupported`].
    pub fn with_options(_options: SystemOptions) -> io::Result<Self> {
        let reason = "netfold has no system calls for this operating system yet: it runs on Unix";
        Err(io::Error::new(io::ErrorKind::Unsupported, reason))
    }

    /// Cannot be called.
    pub fn waker(&self) -> Waker {
        match self.0 {}
    }
}

impl Kernel for System {
    type Error = io::Error;

    fn call(&mut self, _call: &mut Call<'_>) -> Reply {
        match self.0 {}
    }

    fn now(&mut self) -> u64 {
        match self.0 {}
    }

    fn wait(&mut self, _timeout: Option<u64>) -> io::Result<()> {
        match self.0 {}
    }

    fn next(&mut self) -> Option<Completion> {
        match self.0 {}
    }
}

impl crate::Host for System {
    fn wake_handle(&self) -> Arc<dyn Fn() + Send + Sync> {
        match self.0 {}
    }
}
