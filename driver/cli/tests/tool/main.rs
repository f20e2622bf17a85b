//! The tool as it is used: its processes, what they print, and what they end with.
#![cfg(unix)]

mod arguments;
mod demo;
mod echo;
mod export;
mod hostile;
mod json;
mod look;
mod pages;
#[path = "../../../tests/process/mod.rs"]
#[expect(dead_code, reason = "the tests of the examples use the rest")]
mod process;
mod proxy;
mod reader;
mod redact;
mod sim;
mod stopping;
mod trace;
mod view;

use process::{Ran, Running};
use std::ffi::OsStr;
use std::process::Command;

/// The tool, yet to be started.
fn netfold<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netfold"));
    command.args(args);
    command
}

/// Runs the tool to its end.
#[track_caller]
fn run<I: AsRef<OsStr>>(args: impl IntoIterator<Item = I>) -> Ran {
    Running::start(&mut netfold(args)).end()
}
