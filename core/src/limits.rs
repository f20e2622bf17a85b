//! The bounds of a core. What a peer can fill has a hard bound; what only the user can fill is unbounded unless asked.

/// Named bounds (rules B1 to B6). Each is tested at the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct Limits {
    /// How deep user code may nest: a listener that calls into the core, whose listener calls into the core, and so on.
    /// At the bound the call throws [`NodeError::Limit`](crate::NodeError::Limit). At least 16; 256 by default.
    pub depth: u32,
    /// Sockets at one time. At the bound a connection that comes in is dropped with a `drop` event, and making a socket
    /// throws. 1,048,576 by default.
    pub sockets: u32,
    /// Name lookups under way at one time. At the bound a connect fails with `EAI_AGAIN`. 4,096 by default.
    pub lookups: u32,
    /// Bytes waiting in one socket's write buffer; `None`, the default, is Node's: no bound. At the bound `write` and
    /// `end(chunk)` throw, and have no effect.
    pub write_buffer: Option<u64>,
}

impl Limits {
    /// The bounds that a core has unless told otherwise.
    pub const DEFAULT: Limits = Limits { depth: 256, sockets: 1 << 20, lookups: 4096, write_buffer: None };

    /// The least `depth` that a core takes; a smaller one is raised to it.
    pub const LEAST_DEPTH: u32 = 16;
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
