//! What a socket's connection is told: timeouts, options of the system, liveness.

use super::{Socket, thrown};
use crate::net::{Host, Net};
use netfold_core::{Command, EventKind, ListenerId, Outcome, SharedError};

impl Socket {
    /// `socket.setTimeout(ms)`, in milliseconds; 0 turns it off. Out of range throws `ERR_OUT_OF_RANGE` (rule M2).
    ///
    /// # Errors
    /// `ERR_OUT_OF_RANGE` below 0 and for NaN and infinity; the timeout is as it was.
    pub fn set_timeout<S, H: Host>(self, net: &mut Net<S, H>, ms: f64) -> Result<(), SharedError> {
        thrown(net.command(Command::SetTimeout(self.0, ms)))
    }

    /// `socket.setTimeout(ms, listener)`: the listener is called once at 'timeout'. It is not added, which gives `None`, to a
    /// destroyed socket, and for 0, which turns the timeout off: then [`off`](Self::off) takes one away (rule M2).
    ///
    /// ```
    /// use netfold::{Net, SocketOptions};
    ///
    /// let mut net = Net::new(0).unwrap();
    /// let socket = net.socket(SocketOptions::default()).unwrap();
    /// socket.set_timeout_then(&mut net, 5.0, |net, socket| {
    ///     net.state += 1;
    ///     socket.destroy(net); // 'timeout' alone closes nothing
    /// }).unwrap();
    /// net.set_timeout(50.0, |_| {}); // an idle timeout keeps no loop alive (rule M6)
    /// net.run().unwrap();
    /// assert_eq!(net.state, 1);
    /// ```
    ///
    /// # Errors
    /// As [`set_timeout`](Self::set_timeout).
    pub fn set_timeout_then<S, H: Host>(
        self,
        net: &mut Net<S, H>,
        ms: f64,
        listener: impl Fn(&mut Net<S, H>, Socket) + 'static,
    ) -> Result<Option<ListenerId>, SharedError> {
        self.set_timeout(net, ms)?;
        let adds = ms != 0.0 && !self.destroyed(net);
        Ok(adds.then(|| self.once(net, EventKind::Timeout, move |net, socket, _| listener(net, socket))))
    }

    /// `socket.setNoDelay(enable)` (rule O1)
    pub fn set_no_delay<S, H: Host>(self, net: &mut Net<S, H>, enable: bool) {
        net.certain(Command::SetNoDelay(self.0, enable));
    }

    /// `socket.setKeepAlive(enable, initialDelay)`, the delay in milliseconds; whole seconds are used (rule O2).
    pub fn set_keep_alive<S, H: Host>(self, net: &mut Net<S, H>, enable: bool, initial_delay: u32) {
        net.certain(Command::SetKeepAlive(self.0, enable, initial_delay));
    }

    /// `socket.setTypeOfService(tos)` of newer Nodes: IP_TOS, or for IPv6 the traffic class. Without a connection it is
    /// remembered until there is one (rule O12). A system may leave bits out, or refuse it.
    ///
    /// # Errors
    /// What the system says, with syscall `setTypeOfService`.
    pub fn set_type_of_service<S, H: Host>(self, net: &mut Net<S, H>, tos: u8) -> Result<(), SharedError> {
        thrown(net.command(Command::SetTypeOfService(self.0, tos)))
    }

    /// `socket.getTypeOfService()`: asked of the system; without a connection what was set, or 0 (rule O12).
    ///
    /// # Errors
    /// What the system says, with syscall `getTypeOfService`.
    pub fn get_type_of_service<S, H: Host>(self, net: &mut Net<S, H>) -> Result<u8, SharedError> {
        match net.command(Command::TypeOfService(self.0)) {
            Outcome::Threw(error) => Err(error),
            Outcome::TypeOfService(tos) => Ok(tos),
            _ => Ok(0),
        }
    }

    /// `socket.ref()` (rules O3 and M6)
    pub fn ref_<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Ref(self.0, true));
    }

    /// `socket.unref()`: while idle or reading it does not keep the loop alive (rules O3 and M6).
    pub fn unref<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Ref(self.0, false));
    }

    /// The socket stays known after its 'close', to be asked or connected again, until [`release`](Self::release) (rule
    /// L17).
    ///
    /// ```
    /// use netfold::Net;
    ///
    /// let mut net = Net::new(()).unwrap();
    /// let socket = net.connect(("127.0.0.1", 9)).unwrap();
    /// socket.on_error(&mut net, |_, _, _| {});
    /// socket.retain(&mut net);
    /// net.run().unwrap();
    /// assert_eq!(socket.errored(&net).unwrap().code(), "ECONNREFUSED");
    /// socket.release(&mut net);
    /// ```
    pub fn retain<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Retain(self.0));
    }

    /// Undoes [`retain`](Self::retain) (rule L17).
    pub fn release<S, H: Host>(self, net: &mut Net<S, H>) {
        net.certain(Command::Release(self.0));
    }
}
