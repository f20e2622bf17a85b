//! The netfold tool: run, record, replay and look at network programs.

mod demo;
mod diff;
mod echo;
mod explore;
mod export;
mod file;
mod filter;
mod output;
mod payload;
mod place;
mod proxy;
mod redact;
mod replay;
mod seek;
mod serve;
mod show;
mod shrink;
mod signals;
mod sim;
mod stat;
mod state;
mod timeline;
mod view;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use std::error::Error;
use std::process::ExitCode;

/// What every command ends with: `Err` is printed and makes the exit status 1.
type Ended = Result<(), Box<dyn Error>>;

#[derive(Parser)]
#[command(name = "netfold", version, about, after_help = EXIT)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT: &str = "Exit status: 0 when all went well, 1 when something failed (a replay that differs, two traces that \
differ, a trace that is torn or has no end, an address in use, a file that cannot be read), 2 when the command line is \
wrong.";

#[derive(Subcommand)]
enum Command {
    /// Run a server and many clients over real sockets, record them, replay the recording and verify it
    Demo(demo::Demo),
    /// Serve every connection its own bytes back
    Echo(echo::Echo),
    /// Stand before a service, hand everything on both ways, and record it
    Proxy(proxy::Proxy),
    /// Give a trace's inputs to a new machine and compare everything it puts out
    Replay(replay::Replay),
    /// Print a trace: every input and what the machine put out
    Show(show::Show),
    /// Count what is in a trace
    Stat(stat::Stat),
    /// Print the state of every socket and server at one input of a trace
    Seek(seek::Seek),
    /// Find the first difference of two traces, and print both beside each other there
    Diff(diff::Diff),
    /// Draw a trace as one HTML file that needs nothing else
    View(view::View),
    /// Write a trace as a file that other tools open: Perfetto, Wireshark, Mermaid
    Export(export::Export),
    /// Write a trace again without what is secret; it still replays
    Redact(redact::Redact),
    /// Run programs in a simulated world, where all that a system may do is decided by a seed, and look whether rules hold
    Sim(sim::Sim),
    /// Go through every interleaving of two machines and a network between them
    Explore(explore::Explore),
    /// Make a failing run of sim or explore small: a tape, a diagram, a Rust test, a scenario
    Shrink(shrink::Shrink),
    /// Print the script that makes a shell complete this tool's commands and options
    Completions {
        /// For which shell
        shell: Shell,
    },
}

/// Has every machine made with the bug that the environment names: for the tests of what finds one.
#[cfg(netfold_bugs)]
fn plant() {
    use netfold::core::bugs::{Bug, plant};
    if let Ok(name) = std::env::var("NETFOLD_BUG") {
        plant(Some(*Bug::ORDER.iter().find(|bug| format!("{bug:?}") == name).expect("a bug of this name")));
    }
}

fn main() -> ExitCode {
    #[cfg(netfold_bugs)]
    plant();
    let ended = match Cli::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Echo(echo) => echo.run(),
        Command::Proxy(proxy) => proxy.run(),
        Command::Replay(replay) => replay.run(),
        Command::Show(show) => show.run(),
        Command::Stat(stat) => stat.run(),
        Command::Seek(seek) => seek.run(),
        Command::Diff(diff) => diff.run(),
        Command::View(view) => view.run(),
        Command::Export(export) => export.run(),
        Command::Redact(redact) => redact.run(),
        Command::Sim(sim) => sim.run(),
        Command::Explore(explore) => explore.run(),
        Command::Shrink(shrink) => shrink.run(),
        Command::Completions { shell } => completions(shell),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::warn(error);
            ExitCode::FAILURE
        }
    }
}

fn completions(shell: Shell) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "netfold", &mut script);
    Ok(output::say(String::from_utf8(script)?.trim_end())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_that_says_something_can_say_it_as_json() {
        for command in Cli::command().get_subcommands().filter(|command| command.get_name() != "completions") {
            assert!(command.get_arguments().any(|arg| arg.get_id() == "json"), "{}", command.get_name());
        }
    }

    #[test]
    fn no_command_has_two_options_of_one_name() {
        Cli::command().debug_assert();
    }
}
