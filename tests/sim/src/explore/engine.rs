//! What a model drives: a machine's verbs, with or without a recorder.

use crate::rules::Rules;
use netfold::core::trace::Input;
use netfold::core::{ApiMisuse, Command, Completion, Core, Machine, Phase, Reply, Step, TickId};

/// The verbs.
pub(crate) trait Engine {
    fn core(&self) -> &Core;
    fn begin(&mut self, command: Command) -> Result<(), ApiMisuse>;
    fn step(&mut self) -> Step<'_>;
    fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse>;
    fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse>;
    fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse>;
    fn threw(&mut self) -> Result<(), ApiMisuse>;

    /// A call was answered.
    fn answered(&mut self, _reply: Reply) {}

    /// What was seen to break, beside what the model sees.
    fn broken(&self, _over: bool) -> Option<String> {
        None
    }
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

/// A machine that the rules look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched {
    core: Core,
    rules: Rules,
}

impl Watched {
    fn took(&mut self, taken: Result<(), ApiMisuse>, input: &Input) -> Result<(), ApiMisuse> {
        taken?;
        self.rules.input(input, &self.core);
        Ok(())
    }
}

impl Engine for Watched {
    fn core(&self) -> &Core {
        &self.core
    }

    fn begin(&mut self, command: Command) -> Result<(), ApiMisuse> {
        let taken = self.core.begin(command.clone());
        self.took(taken, &Input::Command(command))
    }

    fn step(&mut self) -> Step<'_> {
        let step = self.core.step();
        self.rules.step(&step);
        step
    }

    fn complete(&mut self, completion: Completion) -> Result<(), ApiMisuse> {
        let taken = self.core.complete(completion.clone());
        self.took(taken, &Input::Completion(completion))
    }

    fn tick(&mut self, id: TickId) -> Result<(), ApiMisuse> {
        let taken = self.core.tick(id);
        self.took(taken, &Input::Tick(id))
    }

    fn phase(&mut self, phase: Phase) -> Result<(), ApiMisuse> {
        let taken = self.core.phase(phase);
        self.took(taken, &Input::Phase(phase))
    }

    fn threw(&mut self) -> Result<(), ApiMisuse> {
        let taken = self.core.threw();
        self.took(taken, &Input::Threw)
    }

    fn answered(&mut self, reply: Reply) {
        self.rules.input(&Input::Reply(reply), &self.core);
    }

    fn broken(&self, over: bool) -> Option<String> {
        let broken = |rules: &Rules| rules.broken().first().map(ToString::to_string);
        broken(&self.rules).or_else(|| {
            // When nothing is left to do, what is owed is due.
            let mut rules = over.then(|| self.rules.clone())?;
            rules.input(&Input::Advance(self.core.now()), &self.core);
            broken(&rules)
        })
    }
}
