//! What a program asks the loop to call later: ticks, immediates, timers, callbacks, posts.

use super::{Host, Net};
use crate::post::Poster;
use crate::socket::Socket;
use netfold_core::{Command, NodeError, Outcome, TimerId};
use std::rc::Rc;

impl<S, H: Host> Net<S, H> {
    /// `process.nextTick(task)`: after the running turn or tick, in order with the machine's own (rule T2).
    ///
    /// ```
    /// use netfold::Net;
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// net.set_immediate(|net| net.state.push("immediate"));
    /// net.next_tick(|net| {
    ///     net.state.push("tick");
    ///     net.next_tick(|net| net.state.push("tick of a tick"));
    /// });
    /// net.state.push("at once");
    /// net.run().unwrap();
    /// assert_eq!(net.state, ["at once", "tick", "tick of a tick", "immediate"]);
    /// ```
    pub fn next_tick(&mut self, task: impl FnOnce(&mut Self) + 'static) {
        self.lane.next_tick(Box::new(task));
    }

    /// `setImmediate(task)`: after this poll's events (rule T3).
    pub fn set_immediate(&mut self, task: impl FnOnce(&mut Self) + 'static) {
        self.lane.set_immediate(Box::new(task));
    }

    /// `setTimeout(task, ms)`, in milliseconds (rule M1).
    pub fn set_timeout(&mut self, ms: f64, task: impl FnOnce(&mut Self) + 'static) -> TimerId {
        let id = self.timer(ms, false);
        self.registry.timeout(id, Box::new(task));
        id
    }

    /// `setInterval(task, ms)`, in milliseconds (rule M1).
    pub fn set_interval(&mut self, ms: f64, task: impl Fn(&mut Self) + 'static) -> TimerId {
        let id = self.timer(ms, true);
        self.registry.interval(id, Rc::new(task));
        id
    }

    fn timer(&mut self, ms: f64, repeat: bool) -> TimerId {
        match self.certain(Command::StartTimer { ms, repeat }) {
            Outcome::Timer(id) => id,
            other => unreachable!("a new timer is a timer, not {other:?}"),
        }
    }

    /// `clearTimeout(timer)` and `clearInterval(timer)` (rule M1)
    pub fn clear_timer(&mut self, timer: TimerId) {
        self.registry.forget_timer(timer);
        self.certain(Command::CancelTimer(timer));
    }

    /// `timer.refresh()` (rule M1)
    pub fn refresh_timer(&mut self, timer: TimerId) {
        self.certain(Command::RefreshTimer(timer));
    }

    /// `timer.unref()`: it does not keep the loop alive (rule M6).
    pub fn unref_timer(&mut self, timer: TimerId) {
        self.certain(Command::RefTimer(timer, false));
    }

    /// `timer.ref()` (rule M6)
    pub fn ref_timer(&mut self, timer: TimerId) {
        self.certain(Command::RefTimer(timer, true));
    }

    /// A callback that many writes can share: Node merges the ticks of equal callbacks that follow each other
    /// (rule W12), and sharing one allocates nothing per write.
    ///
    /// ```
    /// use netfold::Net;
    ///
    /// let mut net = Net::new(0).unwrap();
    /// let written = net.callback(|net, _, result| net.state += u32::from(result.is_ok()));
    /// let server = net.create_server(|net, socket| socket.resume(net));
    /// server.listen_then(&mut net, ("127.0.0.1", 0), move |net, server| {
    ///     let port = server.port(net).unwrap();
    ///     let client = net.connect(("127.0.0.1", port)).unwrap();
    ///     for _ in 0..3 {
    ///         client.write_cb(net, "x", written);
    ///     }
    ///     client.end(net);
    ///     client.resume(net);
    ///     client.on_close(net, move |net, _, _| server.close(net));
    /// });
    /// net.run().unwrap();
    /// assert_eq!(net.state, 3);
    /// ```
    pub fn callback(
        &mut self,
        callback: impl Fn(&mut Self, Socket, Result<(), &NodeError>) + 'static,
    ) -> netfold_core::CallbackId {
        self.registry.many(Rc::new(callback))
    }

    /// Forgets a shared callback. Writes under way that have it call nothing (rule W12).
    pub fn forget_callback(&mut self, callback: netfold_core::CallbackId) {
        self.registry.forget_many(callback);
    }

    /// A handle to run closures on this loop from other threads (rule T1).
    ///
    /// ```
    /// use netfold::Net;
    /// use std::thread;
    ///
    /// let mut net = Net::new(Vec::new()).unwrap();
    /// let poster = net.poster();
    /// let worker = thread::spawn(move || {
    ///     let sum: u64 = (1..=1000).sum();
    ///     poster.post(move |net| net.state.push(sum));
    ///     // With the last poster the loop has nothing more to wait for.
    /// });
    /// net.run().unwrap();
    /// worker.join().unwrap();
    /// assert_eq!(net.state, [500_500]);
    /// ```
    pub fn poster(&self) -> Poster<S, H> {
        Poster::new(self.mailbox.clone())
    }
}
