//! Resolving by user code.

use crate::net::{Host, Net};
use netfold_core::{Command, LookupAnswer, LookupId};

/// A name that user code is asked to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupRequest {
    pub(crate) lookup: LookupId,
    /// The name.
    pub host: String,
    /// 4, 6 or 0 for either.
    pub family: u8,
    /// Bits of Node's `dns` module.
    pub hints: u32,
    /// All addresses are wanted, to be tried one after the other (rule C17); else the first one is used.
    pub all: bool,
}

impl LookupRequest {
    /// Answers, at once or later. An answer to a socket that is gone has no effect (rule C7).
    pub fn answer<S, H: Host>(&self, net: &mut Net<S, H>, answer: LookupAnswer) {
        net.certain(Command::Answer(self.lookup, answer));
    }

    /// As [`answer`](Self::answer), with addresses as text and families as numbers. What is no address becomes
    /// `ERR_INVALID_IP_ADDRESS`, what is no family `ERR_INVALID_ADDRESS_FAMILY` (rule C25).
    pub fn answer_text<S, H: Host>(&self, net: &mut Net<S, H>, addresses: &[(&str, u32)]) {
        let addresses = addresses.iter().map(|(address, family)| (address.to_string(), *family)).collect();
        net.command(Command::AnswerText(self.lookup, addresses));
    }
}
