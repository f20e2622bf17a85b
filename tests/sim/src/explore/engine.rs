//! What a model drives: a machine's verbs, with or without a recorder.

use netfold::core::{ApiMisuse, Command, Completion, Core, Machine, Phase, Step, TickId};

/// The verbs.
pub(crate) trait Engine {
    fn core(&self) -> &Core;
    fn begin(&mut self, command: Command) -> Result<(), ApiMisuse>;
    fn step(&mut self) -> Step<'_>;
    fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse>;
    fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse>;
    fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse>;
    fn threw(&mut self) -> Result<(), ApiMisuse>;
}

macro_rules! engine {
    ($of:ty, |$me:ident| $core:expr) => {
        impl Engine for $of {
            #[inline]
            fn core(&self) -> &Core {
                let $me = self;
                $core
            }

            #[inline]
            fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
                <$of>::begin(self, command)
            }

            #[inline]
            fn step(&mut self) -> Step<'_> {
                <$of>::step(self)
            }

            #[inline]
            fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
                <$of>::complete(self, completion)
            }

            #[inline]
            fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse> {
                <$of>::tick(self, id)
            }

            #[inline]
            fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse> {
                <$of>::phase(self, phase)
            }

            #[inline]
            fn threw(&mut self) -> Result<(), ApiMisuse> {
                <$of>::threw(self)
            }
        }
    };
}

engine!(Core, |core| core);
engine!(Machine, |machine| Machine::core(machine));
