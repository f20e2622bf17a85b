//! `pipe` and `unpipe` (rules P1 to P6): listeners and calls, as in Node.

use crate::Socket;
use crate::net::{Host, Net};
use netfold_core::{Command, Emitted, Event, EventKind, ListenerId, SharedError, Target};
use std::cell::Cell;
use std::rc::Rc;

/// Where a source is piped to.
pub(crate) struct Piping {
    pipes: Vec<Rc<Pipe>>,
    awaiting: Awaiting,
}

/// Destinations that refused, and have yet to drain.
enum Awaiting {
    Nobody,
    One(Socket),
    /// Once a second pipe was made; it can be empty, which is not the same as nobody.
    Several(Vec<Socket>),
}

impl Awaiting {
    /// A chunk was given out: nobody is waited for any more.
    fn clear(&mut self) {
        match self {
            Awaiting::Several(dests) => dests.clear(),
            one => *one = Awaiting::Nobody,
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Awaiting::Nobody => true,
            Awaiting::One(_) => false,
            Awaiting::Several(dests) => dests.is_empty(),
        }
    }
}

impl Piping {
    pub(crate) const fn new() -> Self {
        Self { pipes: Vec::new(), awaiting: Awaiting::Nobody }
    }
}

/// One source at one destination, and its listeners.
struct Pipe {
    source: Socket,
    dest: Socket,
    end: Cell<Option<ListenerId>>,
    data: Cell<Option<ListenerId>>,
    unpipe: Cell<Option<ListenerId>>,
    error: Cell<Option<ListenerId>>,
    close: Cell<Option<ListenerId>>,
    finish: Cell<Option<ListenerId>>,
    drain: Cell<Option<ListenerId>>,
    cleaned: Cell<bool>,
}

fn off<S, H: Host>(net: &mut Net<S, H>, socket: Socket, listener: &Cell<Option<ListenerId>>) {
    if let Some(listener) = listener.get() {
        socket.off(net, listener);
    }
}

impl Pipe {
    fn new(source: Socket, dest: Socket) -> Self {
        let none = || Cell::new(None);
        Self {
            source,
            dest,
            end: none(),
            data: none(),
            unpipe: none(),
            error: none(),
            close: none(),
            finish: none(),
            drain: none(),
            cleaned: Cell::new(false),
        }
    }

    fn on_end<S, H: Host>(&self, net: &mut Net<S, H>, end: bool) {
        if end {
            self.dest.end(net);
        } else {
            self.source.unpipe(net, self.dest);
        }
    }

    fn on_data<S, H: Host>(self: &Rc<Self>, net: &mut Net<S, H>, event: Event) {
        let piping = net.registry.piping(self.source.0);
        if piping.pipes.first().is_some_and(|first| Rc::ptr_eq(first, self)) {
            piping.awaiting.clear();
        }
        let more = match event {
            Event::Data(bytes) => self.dest.write(net, bytes),
            Event::Text(text) => self.dest.write(net, text),
            _ => true,
        };
        if !more {
            self.pause(net);
        }
    }

    fn pause<S, H: Host>(self: &Rc<Self>, net: &mut Net<S, H>) {
        if !self.cleaned.get() {
            let Piping { pipes, awaiting } = net.registry.piping(self.source.0);
            match (pipes.as_slice(), awaiting) {
                ([only], awaiting) if only.dest == self.dest => *awaiting = Awaiting::One(self.dest),
                (all, Awaiting::Several(dests))
                    if all.iter().any(|pipe| pipe.dest == self.dest) && !dests.contains(&self.dest) =>
                {
                    dests.push(self.dest);
                }
                _ => {}
            }
            self.source.pause(net);
        }
        if self.drain.get().is_none() {
            let pipe = self.clone();
            let listener = self.dest.on(net, EventKind::Drain, move |net, _, _| pipe.on_drain(net));
            self.drain.set(Some(listener));
        }
    }

    fn on_drain<S, H: Host>(&self, net: &mut Net<S, H>) {
        let awaiting = &mut net.registry.piping(self.source.0).awaiting;
        match awaiting {
            Awaiting::One(dest) if *dest == self.dest => *awaiting = Awaiting::Nobody,
            Awaiting::Several(dests) => dests.retain(|dest| *dest != self.dest),
            _ => {}
        }
        let over = awaiting.is_over();
        if over && self.source.view(net).is_some_and(|source| source.data_listening()) {
            self.source.resume(net);
        }
    }

    /// The first of the pipes from this source that hears of it goes.
    fn on_unpipe<S, H: Host>(&self, net: &mut Net<S, H>, event: &Event) {
        if *event != Event::Unpipe(self.source.0) || std::mem::replace(&mut net.registry.unpiped, true) {
            return;
        }
        for listener in [&self.close, &self.finish, &self.drain, &self.error, &self.unpipe] {
            off(net, self.dest, listener);
        }
        for listener in [&self.end, &self.data] {
            off(net, self.source, listener);
        }
        self.cleaned.set(true);
        let waits = !matches!(net.registry.piping(self.source.0).awaiting, Awaiting::Nobody);
        if self.drain.get().is_some() && waits && self.dest.view(net).is_none_or(|dest| dest.write_refused()) {
            self.on_drain(net);
        }
    }

    fn on_error<S, H: Host>(&self, net: &mut Net<S, H>, error: SharedError) {
        self.source.unpipe(net, self.dest);
        off(net, self.dest, &self.error);
        if net.core().listener_count(Target::Socket(self.dest.0), EventKind::Error) == 0 {
            net.command(Command::Emit(self.dest.0, Emitted::Error(error)));
        }
    }
}

impl Socket {
    /// `source.pipe(dest)`: what is read here is written there, no faster than it goes out; 'end' here ends there
    /// (rules P1 to P6).
    ///
    /// ```
    /// use netfold::{Net, NetError};
    ///
    /// fn main() -> Result<(), NetError> {
    ///     let mut net = Net::new(String::new())?;
    ///     let echo = net.create_server(|net, socket| {
    ///         socket.pipe(net, socket);
    ///     });
    ///     echo.listen_then(&mut net, ("127.0.0.1", 0), |net, echo| {
    ///         let port = echo.port(net).unwrap();
    ///         let client = net.connect(("127.0.0.1", port)).unwrap();
    ///         client.set_encoding(net, netfold::Encoding::Utf8);
    ///         client.on_text(net, |net, _, text| net.state.push_str(&text));
    ///         client.end_with(net, "hello");
    ///         client.on_close(net, move |net, _, _| echo.close(net));
    ///     });
    ///     net.run()?;
    ///     assert_eq!(net.state, "hello");
    ///     Ok(())
    /// }
    /// ```
    pub fn pipe<S, H: Host>(self, net: &mut Net<S, H>, dest: Socket) -> Socket {
        self.pipe_with(net, dest, true)
    }

    /// `source.pipe(dest, { end })`: with `end` false 'end' here leaves the other side open (rule P3).
    pub fn pipe_with<S, H: Host>(self, net: &mut Net<S, H>, dest: Socket, end: bool) -> Socket {
        let pipe = Rc::new(Pipe::new(self, dest));
        let piping = net.registry.piping(self.0);
        if piping.pipes.len() == 1 {
            match piping.awaiting {
                Awaiting::Nobody => piping.awaiting = Awaiting::Several(Vec::new()),
                Awaiting::One(dest) => piping.awaiting = Awaiting::Several(vec![dest]),
                Awaiting::Several(_) => {}
            }
        }
        piping.pipes.push(pipe.clone());
        let on = pipe.clone();
        if self.view(net).is_none_or(|source| source.readable_ended()) {
            net.next_tick(move |net| on.on_end(net, end));
        } else {
            pipe.end.set(Some(self.once(net, EventKind::End, move |net, _, _| on.on_end(net, end))));
        }
        let on = pipe.clone();
        pipe.unpipe.set(Some(dest.on(net, EventKind::Unpipe, move |net, _, event| on.on_unpipe(net, &event))));
        let on = pipe.clone();
        pipe.data.set(Some(self.on(net, EventKind::Data, move |net, _, event| on.on_data(net, event))));
        let on = pipe.clone();
        let on_error = move |net: &mut Net<S, H>, _: Socket, event: Event| {
            if let Event::Error(error) = event {
                on.on_error(net, error);
            }
        };
        pipe.error.set(Some(dest.prepend(net, EventKind::Error, on_error)));
        let on = pipe.clone();
        let on_close = move |net: &mut Net<S, H>, _: Socket, _: Event| {
            off(net, dest, &on.finish);
            self.unpipe(net, dest);
        };
        pipe.close.set(Some(dest.once(net, EventKind::Close, on_close)));
        let on = pipe.clone();
        let on_finish = move |net: &mut Net<S, H>, _: Socket, _: Event| {
            off(net, dest, &on.close);
            self.unpipe(net, dest);
        };
        pipe.finish.set(Some(dest.once(net, EventKind::Finish, on_finish)));

        net.command(Command::Emit(dest.0, Emitted::Pipe(self.0)));
        if dest.view(net).is_some_and(|dest| dest.writable_need_drain()) {
            pipe.pause(net);
        } else if self.view(net).is_some_and(|source| source.readable_flowing() != Some(true)) {
            self.resume(net);
        }
        dest
    }

    /// `source.unpipe(dest)` (rule P5)
    pub fn unpipe<S, H: Host>(self, net: &mut Net<S, H>, dest: Socket) {
        let pipes = &mut net.registry.piping(self.0).pipes;
        let Some(at) = pipes.iter().position(|pipe| pipe.dest == dest) else { return };
        pipes.remove(at);
        if pipes.is_empty() {
            self.pause(net);
        }
        self.emit_unpipe(net, dest);
    }

    /// `source.unpipe()`, from every destination (rule P5).
    pub fn unpipe_all<S, H: Host>(self, net: &mut Net<S, H>) {
        let pipes = std::mem::take(&mut net.registry.piping(self.0).pipes);
        if pipes.is_empty() {
            return;
        }
        self.pause(net);
        for pipe in pipes {
            self.emit_unpipe(net, pipe.dest);
        }
    }

    fn emit_unpipe<S, H: Host>(self, net: &mut Net<S, H>, dest: Socket) {
        let outer = std::mem::replace(&mut net.registry.unpiped, false);
        net.command(Command::Emit(dest.0, Emitted::Unpipe(self.0)));
        net.registry.unpiped = outer;
    }
}
