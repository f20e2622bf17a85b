//! What a socket says of itself.

use super::Socket;
use crate::Server;
use crate::net::{Host, Net};
use netfold_core::{Command, Encoding, NodeError, Outcome, ReadyState, Side, SocketView};
use std::net::{IpAddr, SocketAddr};

impl Socket {
    fn address_of<S, H: Host>(self, net: &mut Net<S, H>, side: Side) -> Option<SocketAddr> {
        match net.certain(Command::Address(self.0, side)) {
            Outcome::Address(address) => address,
            _ => None,
        }
    }

    /// `socket.address()`; `None` is Node's empty object (rules F9 and O6).
    pub fn address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<SocketAddr> {
        self.address_of(net, Side::Local)
    }

    /// `socket.localAddress`; [`ip_text`](netfold_core::ip_text) prints it as Node does (rule O6).
    pub fn local_address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<IpAddr> {
        self.address_of(net, Side::Local).map(|a| a.ip())
    }

    /// `socket.localPort` (rule O6)
    pub fn local_port<S, H: Host>(self, net: &mut Net<S, H>) -> Option<u16> {
        self.address_of(net, Side::Local).map(|a| a.port())
    }

    /// `socket.localFamily` (rule O6)
    pub fn local_family<S, H: Host>(self, net: &mut Net<S, H>) -> Option<&'static str> {
        self.address_of(net, Side::Local).map(family)
    }

    /// `socket.remoteAddress`; [`ip_text`](netfold_core::ip_text) prints it as Node does (rule O7).
    pub fn remote_address<S, H: Host>(self, net: &mut Net<S, H>) -> Option<IpAddr> {
        self.address_of(net, Side::Remote).map(|a| a.ip())
    }

    /// `socket.remotePort` (rule O7)
    pub fn remote_port<S, H: Host>(self, net: &mut Net<S, H>) -> Option<u16> {
        self.address_of(net, Side::Remote).map(|a| a.port())
    }

    /// `socket.remoteFamily` (rule O7)
    pub fn remote_family<S, H: Host>(self, net: &mut Net<S, H>) -> Option<&'static str> {
        self.address_of(net, Side::Remote).map(family)
    }

    /// Everything that can be read of it without asking the system; `None` once it is forgotten (rule O13).
    pub fn view<S, H: Host>(self, net: &Net<S, H>) -> Option<SocketView<'_>> {
        net.core().socket(self.0)
    }

    /// `socket.connecting` (rules C10 and O13)
    pub fn connecting<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.connecting())
    }

    /// `socket.pending` (rule O13)
    pub fn pending<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.pending())
    }

    /// `socket.destroyed` (rule L1)
    pub fn destroyed<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.destroyed())
    }

    /// `socket.autoSelectFamilyAttemptedAddresses`: what was tried so far, as `address:port`; `None` (undefined) unless
    /// a name had several addresses (rule C23).
    pub fn auto_select_family_attempted_addresses<S, H: Host>(self, net: &Net<S, H>) -> Option<Vec<String>> {
        let view = self.view(net)?;
        let addresses = view.attempted_addresses()?;
        Some(addresses.iter().map(|a| format!("{}:{}", a.ip(), a.port())).collect())
    }

    /// `socket.readyState` (rule O13)
    pub fn ready_state<S, H: Host>(self, net: &Net<S, H>) -> ReadyState {
        self.view(net).map_or(ReadyState::Closed, |s| s.ready_state())
    }

    /// `socket.bufferSize`, in bytes, or UTF-16 units of text; `None` without a descriptor (rule W26).
    pub fn buffer_size<S, H: Host>(self, net: &Net<S, H>) -> Option<u64> {
        self.view(net)?.buffer_size()
    }

    /// `socket.bytesRead` (rule L6)
    pub fn bytes_read<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.bytes_read())
    }

    /// `socket.bytesWritten` (rules W9 and L6)
    pub fn bytes_written<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.bytes_written())
    }

    /// `socket.timeout`: what was given to `setTimeout` last, in milliseconds (rule M2).
    pub fn timeout<S, H: Host>(self, net: &Net<S, H>) -> Option<f64> {
        self.view(net)?.timeout()
    }

    /// `socket.isPaused()` (rule R8)
    pub fn is_paused<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.is_paused())
    }

    /// `socket.server`: which accepted it; `None` (null) for all others (rule O13).
    pub fn server<S, H: Host>(self, net: &Net<S, H>) -> Option<Server> {
        self.view(net)?.server().map(Server)
    }

    /// What it is on now: TCP or a pipe, which is a Unix socket or a FIFO; `None` without a descriptor (rule O14).
    pub fn kind<S, H: Host>(self, net: &Net<S, H>) -> Option<netfold_core::HandleKind> {
        self.view(net)?.kind()
    }

    /// `socket.allowHalfOpen` (rule L14)
    pub fn allow_half_open<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.allow_half_open())
    }

    /// `socket.errored`: what destroyed it (rule O13).
    pub fn errored<S, H: Host>(self, net: &Net<S, H>) -> Option<&NodeError> {
        self.view(net)?.errored()
    }

    /// `socket.closed`: true as soon as `destroy` returned, before 'close' (rule L1).
    pub fn closed<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_none_or(|s| s.closed())
    }

    /// `socket.readable`: it can still be read from (rule O13).
    pub fn readable<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable())
    }

    /// `socket.readableFlowing`; `None` is null: nobody has said (rules R8 to R10).
    pub fn readable_flowing<S, H: Host>(self, net: &Net<S, H>) -> Option<bool> {
        self.view(net)?.readable_flowing()
    }

    /// `socket.readableEncoding`: that of `set_encoding` (rule R19).
    pub fn readable_encoding<S, H: Host>(self, net: &Net<S, H>) -> Option<Encoding> {
        self.view(net)?.readable_encoding()
    }

    /// `socket.readableLength`: what is kept unread, in bytes, or UTF-16 units with an encoding (rule R19).
    pub fn readable_length<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.readable_length())
    }

    /// `socket.readableHighWaterMark`, in the same units; 0 once it is forgotten (rule R23).
    pub fn readable_high_water_mark<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.readable_high_water_mark())
    }

    /// `socket.readableEnded`: 'end' was emitted (rule R6).
    pub fn readable_ended<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_ended())
    }

    /// `socket.readableAborted`: it was destroyed, or failed, before 'end' (rule O13).
    pub fn readable_aborted<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_aborted())
    }

    /// `socket.readableDidRead`: 'data' was emitted (rule O13).
    pub fn readable_did_read<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.readable_did_read())
    }

    /// `socket.writable`: it can still be written to (rule O13).
    pub fn writable<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable())
    }

    /// `socket.writableLength`: what waits to be written, in bytes, or UTF-16 units of text (rule W3).
    pub fn writable_length<S, H: Host>(self, net: &Net<S, H>) -> u64 {
        self.view(net).map_or(0, |s| s.writable_length())
    }

    /// `socket.writableHighWaterMark`, in the same units; 0 once it is forgotten (rule R23).
    pub fn writable_high_water_mark<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.writable_high_water_mark())
    }

    /// `socket.writableNeedDrain`: a 'drain' is to come (rules W6 and W13).
    pub fn writable_need_drain<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_need_drain())
    }

    /// `socket.writableEnded`: `end` was called (rule W18).
    pub fn writable_ended<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_ended())
    }

    /// `socket.writableFinished`: 'finish' was, or is being, emitted (rule W21).
    pub fn writable_finished<S, H: Host>(self, net: &Net<S, H>) -> bool {
        self.view(net).is_some_and(|s| s.writable_finished())
    }

    /// `socket.writableCorked`: how many `cork`s are open (rule W23).
    pub fn writable_corked<S, H: Host>(self, net: &Net<S, H>) -> u32 {
        self.view(net).map_or(0, |s| s.writable_corked())
    }
}

fn family(address: SocketAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}
