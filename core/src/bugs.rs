//! Planted bugs: wrong orders that can be switched on, to see that the tests find them.
//!
//! They exist only in a build with `RUSTFLAGS="--cfg netfold_bugs"`, and there each core has a field that says which is its
//! own; elsewhere `bug!(Name)` is `false` and nothing of this is compiled. A call site is one condition: `if
//! bug!(CloseFifo)`. To plant another, add its line to the list.

#[cfg(netfold_bugs)]
mod planted {
    use crate::engine::Core;
    use core::cell::Cell;
    use core::sync::atomic::{AtomicU8, Ordering};

    /// Which bug a core is made with, as its place in `Bug::EVERY`; there is none at the end of it.
    static NEXT: AtomicU8 = AtomicU8::new(u8::MAX);

    std::thread_local! {
        /// The bug of the core that runs: not every place that can go wrong has the core at hand.
        static RUNNING: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    macro_rules! bugs {
        (all { $($(#[$doc:meta])* $name:ident,)* } plain { $($(#[$seen:meta])* $plain:ident,)* }
         order { $($(#[$told:meta])* $order:ident,)* }) => {
            /// A bug that can be planted.
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[repr(u8)]
            pub enum Bug { $($(#[$doc])* $name,)* $($(#[$seen])* $plain,)* $($(#[$told])* $order,)* }

            impl Bug {
                /// All there are, as they are declared.
                const EVERY: &'static [Bug] = &[$(Bug::$name,)* $(Bug::$plain,)* $(Bug::$order),*];
                /// Every wrong order: random programs must find each.
                pub const ALL: &'static [Bug] = &[$(Bug::$name),*];
                /// What is lost or told wrong, for all to see: Node's own tests must find each.
                pub const PLAIN: &'static [Bug] = &[$(Bug::$plain),*];
                /// Every wrong order and what else the rules over random programs in the simulated world must find.
                pub const ORDER: &'static [Bug] = &[$(Bug::$name,)* $(Bug::$order),*];
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
        order {
            /// What is written while corked goes out at once (W23).
            CorkIgnored,
            /// A write goes out though one is under way (W1).
            WritesAtOnce,
            /// What waits to be written goes out last first (W1).
            QueueBackwards,
            /// What is written after `end` is taken (W4).
            WriteAfterEndTaken,
            /// `write` says true however much waits (W6).
            AlwaysMore,
            /// `write` says true at the high water mark (W6).
            MarkOffByOne,
            /// Nothing is kept in mind of a `write` that said false: no 'drain' (W13).
            DrainForgotten,
            /// 'drain' comes after `end` (W13).
            DrainAfterEnd,
            /// 'drain' comes after every write (W13).
            DrainUnasked,
            /// 'drain' comes with something left (W13).
            DrainEarly,
            /// What was written before 'connect' is lost (W7).
            ParkedLost,
            /// A vectored write is counted twice (W9).
            BatchCountedTwice,
            /// The write in flight at `destroy` gets an error (W16).
            CanceledFails,
            /// The end of a write does not put the idle timeout off (M3).
            WrittenKeepsTimeout,
            /// The callback of a write that took long runs in a tick (W14).
            LateCallbackInTick,
            /// The callback of a write runs within the call (W11).
            CallbackWithinCall,
            /// `writableLength` keeps what was written, if something waits behind it (W3).
            LengthStays,
            /// The callback of a write that failed hears of success (W22).
            FailureUntold,
            /// A write that failed does not destroy (W22).
            FailedWriteStays,
            /// Equal callbacks that are merged run once (W12).
            MergedLost,
            /// Callbacks are merged with different ones (W12).
            MergesAll,
            /// What will not be written fails last first (W17).
            FailsBackwards,
            /// The callbacks of what will not be written hear of success (W17).
            LostSaysWritten,
            /// What waits goes out one by one (W10).
            OneByOne,
            /// Of a vectored write's callbacks the last one runs (W10).
            BatchCallsLast,
            /// `uncork` does not send (W23).
            UncorkForgets,
            /// `end` does not uncork (W18).
            EndStaysCorked,
            /// The callback of `end` does not wait for 'finish' (W21).
            EndCallbackAtOnce,
            /// Of several callbacks of `end` the first one runs (W19).
            EndCallbacksLost,
            /// FIN does not wait for what is to be written (W18).
            FinishesEarly,
            /// 'finish' comes without FIN (W20).
            NoFin,
            /// 'finish' after 'end' does not destroy (L13).
            FinishStaysOpen,
            /// 'finish' destroys before 'end' (L13).
            DestroysAtFinish,
            /// Reading does not put the idle timeout off (M3).
            ReadKeepsTimeout,
            /// 'data' comes while paused (R8).
            DataWhilePaused,
            /// A new chunk is kept before the others (R2).
            KeptBackwards,
            /// A chunk that was emitted is kept too (R2).
            ChunkTwice,
            /// Of what comes while something is kept, nothing is kept (R2).
            KeptChunkLost,
            /// Reading goes on over the high water mark (R3).
            ReadsOn,
            /// What stopped at the high water mark is never read again (R1).
            StopsForEver,
            /// EOF with nothing kept does not end (R5).
            EndForgotten,
            /// 'readable' does not come (R11).
            ReadableForgotten,
            /// `read` emits no 'data' (R15).
            ReadIsSilent,
            /// 'end' comes as often as it is scheduled (R6).
            EndTwice,
            /// The end of the other party does not end this side (L12).
            NeverAnswersEnd,
            /// 'end' destroys, whatever is to be written (L13).
            DestroysAtEnd,
            /// 'end' after 'finish' does not destroy (L13).
            EndStaysOpen,
            /// 'pause' comes though it was paused (R8).
            PauseTwice,
            /// 'resume' comes within the call (R9).
            ResumesWithinCall,
            /// Each `resume` schedules 'resume' (R9).
            ResumeTwice,
            /// `resume` does not give what is kept (R9).
            KeptStays,
            /// Every `destroy` counts (L1).
            DestroyTwice,
            /// 'finish' stops the idle timeout (M3).
            FinishStopsTimeout,
            /// After a reset no 'close' comes (L9).
            CloseLost,
            /// Without a handle 'close' comes before 'error' (L2).
            CloseBeforeError,
            /// 'error' comes twice (L2).
            ErrorTwice,
            /// 'error' does not come (L2).
            ErrorSwallowed,
            /// A destroyed socket stays in its server's count (L7).
            CountStays,
            /// `destroySoon` destroys at once (L8).
            DestroysTooSoon,
            /// 'ready' does not come (C10).
            ReadyLost,
            /// After 'connect' nothing is read (C10).
            NoFirstRead,
            /// `setTimeout` leaves the former timeout running (M2).
            OldTimeoutStays,
            /// 'timeout' comes again without a sign of life (M4).
            TimeoutAgain,
            /// A write of an unref'ed socket does not keep the loop alive (M6).
            UnrefDropsWrites,
            /// A `once` listener stays (T6).
            OnceStays,
            /// A prepended listener goes to the end (T6).
            PrependAppends,
            /// A write in flight at `destroy` has no callback (T5).
            CancelForgotten,
            /// `bytesRead` is that of the last read (L6).
            CountsLastRead,
            /// `maxConnections` lets one more in (S11).
            OneTooMany,
            /// Connections are not counted (S10).
            NeverCounted,
            /// A server that listens says 'close' when its last connection goes (S14).
            ServerClosesListening,
        }
    }

    /// Every core that is made from now on has this bug; none takes it out.
    pub fn plant(bug: Option<Bug>) {
        NEXT.store(bug.map_or(u8::MAX, |bug| bug as u8), Ordering::Relaxed);
    }

    /// The bug of a core that is made now.
    pub(crate) fn next() -> Option<Bug> {
        Bug::EVERY.get(usize::from(NEXT.load(Ordering::Relaxed))).copied()
    }

    /// A core with this bug runs from here on.
    pub(crate) fn enter(bug: Option<Bug>) {
        RUNNING.set(bug);
    }

    pub(crate) fn is(bug: Bug) -> bool {
        RUNNING.get() == Some(bug)
    }

    impl Core {
        /// The bug that is planted in this core.
        pub const fn bug(&self) -> Option<Bug> {
            self.bug
        }

        /// This core has this bug from now on.
        pub const fn set_bug(&mut self, bug: Option<Bug>) {
            self.bug = bug;
        }
    }
}

#[cfg(netfold_bugs)]
pub use planted::{Bug, plant};
#[cfg(netfold_bugs)]
pub(crate) use planted::{enter, is, next};

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
        $crate::bugs::never()
    };
}

/// No bug is planted. A call and not a constant, so that the conditions around it are not found to be too long.
#[cfg(not(netfold_bugs))]
#[inline(always)]
pub(crate) const fn never() -> bool {
    false
}

pub(crate) use bug;
