//! The netfold tool: run, record, replay and look at network programs.

mod demo;
mod echo;
mod file;
mod output;
mod payload;
mod place;
mod replay;
mod show;
mod signals;

use clap::{Parser, Subcommand};
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

const EXIT: &str = "Exit status: 0 when all went well, 1 when something failed (a replay that differs, a trace that is \
torn or has no end, an address in use, a file that cannot be read), 2 when the command line is wrong.";

#[derive(Subcommand)]
enum Command {
    /// Run a server and many clients over real sockets, record them, replay the recording and verify it
    Demo(demo::Demo),
    /// Serve every connection its own bytes back
    Echo(echo::Echo),
    /// Give a trace's inputs to a new machine and compare everything it puts out
    Replay(replay::Replay),
    /// Print a trace: every input and what the machine put out
    Show(show::Show),
}

fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Echo(echo) => echo.run(),
        Command::Replay(replay) => replay.run(),
        Command::Show(show) => show.run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::warn(error);
            ExitCode::FAILURE
        }
    }
}
