//! Planted bugs: wrong orders that can be switched on, to see that the tests find them.
//!
//! They exist only in a build with `RUSTFLAGS="--cfg netfold_bugs"`; elsewhere `bug!(Name)` is `false` and nothing of this
//! is compiled. A call site is one condition: `if bug!(CloseFifo)`. To plant another, add its line to the list.

#[cfg(netfold_bugs)]
mod planted {
    use core::sync::atomic::{AtomicU8, Ordering};

    /// Which bug there is, in all cores of the process; 0 for none.
    static CHOSEN: AtomicU8 = AtomicU8::new(0);

    macro_rules! bugs {
        (all { $($(#[$doc:meta])* $name:ident,)* } plain { $($(#[$seen:meta])* $plain:ident,)* }) => {
            /// A bug that can be planted.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[repr(u8)]
            pub enum Bug { $($(#[$doc])* $name,)* $($(#[$seen])* $plain,)* }

            impl Bug {
                /// Every wrong order: random programs must find each.
                pub const ALL: &'static [Bug] = &[$(Bug::$name),*];
                /// What is lost or told wrong, for all to see: Node's own tests must find each.
                pub const PLAIN: &'static [Bug] = &[$(Bug::$plain),*];
            }
        };
    }

    bugs! {
        all {
            /// 'finish' comes before the callbacks of `end` (W21).
            FinishBeforeEndCallbacks,
            /// 'drain' comes after the write's callback (W13).
            DrainAfterCallback,
            /// The callbacks of a vectored write run last first (W10).
            BatchBackwards,
            /// Equal callbacks have a tick each (W12).
            NeverMerges,
            /// What was closed first closes first (T4).
            CloseFifo,
            /// 'end' is emitted while chunks are kept (R6).
            EndWhileKept,
            /// What waits to be written is dropped by `destroy` without a callback (W17).
            CallbackLost,
            /// 'close' comes twice after a reset (L9).
            CloseTwice,
            /// The end of the other party ends a half-open socket too (L14).
            HalfOpenEnds,
            /// A `once` listener runs twice when an emission is nested (T6).
            OnceTwice,
            /// A write does not put the idle timeout off (M3).
            WriteKeepsTimeout,
            /// The first `uncork` sends, however often it was corked (W23).
            UncorksAtOnce,
            /// 'ready' comes before 'connect' (C10).
            ReadyFirst,
            /// After 'end' this side ends at once, not in a tick (L12).
            EndsWithinEnd,
        }
        plain {
            /// 'end' is not emitted (R6).
            EndLost,
            /// 'drain' is not emitted (W13).
            DrainNever,
            /// 'close' says that there was an error when there was none, and the other way round.
            HadErrorTurned,
            /// A server's 'close' does not wait for its connections (S14).
            ServerClosesEarly,
            /// 'listening' is emitted within `listen` (S3).
            ListeningAtOnce,
            /// A short text is not counted as written (W9).
            BytesWrittenShort,
            /// 'drop' is not emitted (S11).
            DropSilent,
            /// A connection that is gone is still counted (S12).
            ConnectionsStay,
            /// `unref` of a socket has no effect (M6).
            UnrefHolds,
            /// The option `noDelay` of a connect is forgotten (O1).
            NoDelayForgotten,
            /// The error of a connect does not say where to (E1).
            ConnectErrorBare,
        }
    }

    /// Plants a bug in every core of the process; none takes it out.
    pub fn plant(bug: Option<Bug>) {
        CHOSEN.store(bug.map_or(0, |bug| bug as u8 + 1), Ordering::Relaxed);
    }

    pub(crate) fn is(bug: Bug) -> bool {
        CHOSEN.load(Ordering::Relaxed) == bug as u8 + 1
    }
}

#[cfg(netfold_bugs)]
pub(crate) use planted::is;
#[cfg(netfold_bugs)]
pub use planted::{Bug, plant};

/// Whether a planted bug is switched on.
#[cfg(netfold_bugs)]
macro_rules! bug {
    ($name:ident) => {
        $crate::bugs::is($crate::bugs::Bug::$name)
    };
}

/// Whether a planted bug is switched on: never in this build.
#[cfg(not(netfold_bugs))]
macro_rules! bug {
    ($name:ident) => {
        false
    };
}

pub(crate) use bug;
