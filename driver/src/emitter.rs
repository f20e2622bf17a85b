//! What Node's `EventEmitter` gives to a socket and to a server alike: the methods, written once for both names.

/// Node's methods of an emitter, for the name `$Of` of a [`Target`](netfold_core::Target) of the same variant.
macro_rules! emitter {
    (
        $Of:ident;
        $(#[$on:meta])* on;
        $(#[$remove_all:meta])* remove_all_listeners;
    ) => {
        impl $Of {
            /// `emitter.on(event, listener)` (rule T6).
            $(#[$on])*
            pub fn on<S, H: Host>(
                self,
                net: &mut Net<S, H>,
                event: EventKind,
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> ListenerId {
                net.listen_to(self.target(), event, false, false, Self::wrap(listener))
            }

            /// `for (const event of events) emitter.on(event, listener)` (rule T6): one function for several events,
            /// and one id, by which [`off`](Self::off) takes it off all of them.
            pub fn on_each<S, H: Host>(
                self,
                net: &mut Net<S, H>,
                events: &[EventKind],
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> ListenerId {
                net.listen_to_each(self.target(), events, Self::wrap(listener))
            }

            /// `emitter.once(event, listener)` (rule T6).
            pub fn once<S, H: Host>(
                self,
                net: &mut Net<S, H>,
                event: EventKind,
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> ListenerId {
                net.listen_to(self.target(), event, true, false, Self::wrap(listener))
            }

            /// `emitter.prependListener(event, listener)` (rules R10 and T6).
            pub fn prepend<S, H: Host>(
                self,
                net: &mut Net<S, H>,
                event: EventKind,
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> ListenerId {
                net.listen_to(self.target(), event, false, true, Self::wrap(listener))
            }

            /// `emitter.prependOnceListener(event, listener)` (rule T6).
            pub fn prepend_once<S, H: Host>(
                self,
                net: &mut Net<S, H>,
                event: EventKind,
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> ListenerId {
                net.listen_to(self.target(), event, true, true, Self::wrap(listener))
            }

            fn wrap<S, H: Host>(
                listener: impl Fn(&mut Net<S, H>, $Of, Event) + 'static,
            ) -> crate::registry::Listener<S, H> {
                std::rc::Rc::new(move |net: &mut Net<S, H>, target: Target, event: Event| {
                    if let Target::$Of(id) = target {
                        listener(net, $Of(id), event);
                    }
                })
            }

            /// `emitter.removeListener(event, listener)`. An emission under way still calls it, as in Node
            /// (rule T6).
            pub fn off<S, H: Host>(self, net: &mut Net<S, H>, listener: ListenerId) {
                net.stop_listening(self.target(), listener);
            }

            /// `emitter.removeAllListeners(event)`; `None` for all events (rule T8).
            $(#[$remove_all])*
            pub fn remove_all_listeners<S, H: Host>(self, net: &mut Net<S, H>, event: Option<EventKind>) {
                net.stop_listening_all(self.target(), event);
            }

            /// `emitter.listenerCount(event)`, of the user's listeners (rule F7).
            pub fn listener_count<S, H: Host>(self, net: &Net<S, H>, event: EventKind) -> usize {
                net.registry.count(self.target(), event)
            }

            /// `emitter.listeners(event)`: the user's, in the order in which they are called (rule F7).
            pub fn listeners<S, H: Host>(self, net: &Net<S, H>, event: EventKind) -> Vec<ListenerId> {
                net.core().listener_ids(self.target(), event).collect()
            }

            /// `emitter.eventNames()`, of the user's listeners; the event with the oldest of them comes first
            /// (rule F7).
            pub fn event_names<S, H: Host>(self, net: &Net<S, H>) -> Vec<EventKind> {
                net.registry.events(self.target())
            }
        }
    };
}

/// One method for each event: `on_data(net, |net, socket, chunk| ...)`. What an event carries is given by a pattern of
/// [`Event`](netfold_core::Event) and an expression.
macro_rules! events {
    ($Of:ident; $($(#[$doc:meta])* $on:ident, $kind:ident $(($arg:ident: $ty:ty = $payload:pat => $given:expr))?;)*) => {
        impl $Of {
            $(
                $(#[$doc])*
                pub fn $on<S, H: Host>(
                    self,
                    net: &mut Net<S, H>,
                    listener: impl Fn(&mut Net<S, H>, $Of $(, $ty)?) + 'static,
                ) -> ListenerId {
                    events!(@on self, net, listener, $kind $(, $payload => $given)?)
                }
            )*
        }
    };
    (@on $self:ident, $net:ident, $listener:ident, $kind:ident) => {
        $self.on($net, EventKind::$kind, move |net, of, _| $listener(net, of))
    };
    (@on $self:ident, $net:ident, $listener:ident, $kind:ident, $payload:pat => $given:expr) => {
        $self.on($net, EventKind::$kind, move |net, of, event| {
            #[allow(irrefutable_let_patterns)]
            if let $payload = event {
                $listener(net, of, $given);
            }
        })
    };
}

pub(crate) use {emitter, events};
