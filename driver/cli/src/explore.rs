//! `netfold explore`

use crate::Ended;
use crate::output::{Colour, Pages, printed};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use netfold_sim::explore::pair::{Pair, Ruled, SCENARIOS};
use netfold_sim::explore::tape_of;
use netfold_sim::explore::{Cells, Explored, Explorer, Model, Order};
use serde_json::json;
use std::io::IsTerminal;
use std::path::PathBuf;

#[derive(Args)]
pub struct Explore {
    /// What the two machines and the network do
    #[arg(default_value = "both", value_parser = clap::builder::PossibleValuesParser::new(SCENARIOS.map(|(name, _)| name)))]
    scenario: String,
    /// The shortest way to each state first
    #[arg(long)]
    breadth: bool,
    /// Let the rules look at both machines in every state; slower
    #[arg(long)]
    ruled: bool,
    /// Give up after so many states
    #[arg(long, value_name = "N")]
    most: Option<u64>,
    /// Where the tape of what does not hold goes, for netfold sim pair and netfold shrink pair
    #[arg(long, value_name = "FILE")]
    tape: Option<PathBuf>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

impl Explore {
    pub fn run(self) -> Ended {
        let number = SCENARIOS.iter().position(|(name, _)| *name == self.scenario).ok_or("no such scenario")?;
        let pair = SCENARIOS[number].1;
        let explored = if self.ruled { self.through(&Ruled(pair)) } else { self.through(&pair) };
        printed(self.print(&pair, &explored))?;
        match &explored.broken {
            None => Ok(()),
            Some((what, tape)) => {
                let tape = tape_of(number, SCENARIOS.len(), tape);
                if let Some(path) = &self.tape {
                    let cannot = |error| format!("cannot write {}: {error}", path.display());
                    std::fs::write(path, tape.to_string()).map_err(cannot)?;
                }
                Err(format!("{what}\n{tape}").into())
            }
        }
    }

    fn through<M: Model>(&self, model: &M) -> Explored {
        let bar = match std::io::stderr().is_terminal() {
            true => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
            false => ProgressBar::hidden(),
        };
        let order = if self.breadth { Order::Breadth } else { Order::Depth };
        let explorer = Explorer { order, most: self.most.unwrap_or(u64::MAX) };
        let explored = explorer.run(model, |p| {
            bar.set_message(format!("{} states, {} waiting, {:.0} a second", p.states, p.waiting, p.rate()));
        });
        bar.finish_and_clear();
        explored
    }

    fn print(&self, pair: &Pair, explored: &Explored) -> Ended {
        let (p, closed) = (&explored.progress, explored.closed);
        let mut pages = Pages::new(Colour::Never);
        if self.json {
            pages.json(&json!({
                "scenario": self.scenario, "states": p.states, "steps": p.steps, "ends": p.ends, "closed": closed,
                "seconds": p.took.as_secs_f64(), "broken": explored.broken.as_ref().map(|(what, _)| what),
            }))?;
        } else {
            let all = if closed { "all there are" } else { "not all there are" };
            let (states, steps, ends) = (p.states, p.steps, p.ends);
            pages.plain(format_args!(
                "{states} states, {steps} steps, {ends} ends; {all}, {:.1} s",
                p.took.as_secs_f64()
            ))?;
            pages.plain(Cells(pair, p))?;
        }
        Ok(pages.flush()?)
    }
}
