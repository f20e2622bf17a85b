//! A Node that runs programs: one process for many, asked ahead so that it works while we do.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How long a program may take before its Node is given up: more than the executor's own limit.
const LIMIT: Duration = Duration::from_secs(12);

/// What stands for the log of a program that Node died of, or hung in.
pub const DIED: &str = "!! node died\n";

/// A running Node.
pub struct Node {
    process: Process,
    /// What was asked and not answered yet.
    asked: VecDeque<String>,
    /// How often it had to be started again.
    pub deaths: u32,
}

struct Process {
    child: Child,
    input: Sender<String>,
    answers: Receiver<String>,
}

/// The version of the `node` that is on the path; none where there is none.
pub fn version() -> Option<String> {
    let output = Command::new("node").arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/scenarios/node.js")
}

impl Process {
    fn start() -> io::Result<Self> {
        let mut child = Command::new("node")
            .arg(script())
            .arg("--serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (input, programs) = channel::<String>();
        std::thread::spawn(move || {
            for program in programs {
                if stdin.write_all(program.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    break;
                }
            }
        });
        let (send, answers) = channel();
        std::thread::spawn(move || {
            let mut log = String::new();
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line != "%%" {
                    log.push_str(&line);
                    log.push('\n');
                } else if send.send(std::mem::take(&mut log)).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, answers })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Node {
    /// Starts one.
    ///
    /// # Errors
    /// What the system says when there is no `node`.
    pub fn start() -> io::Result<Self> {
        Ok(Self { process: Process::start()?, asked: VecDeque::new(), deaths: 0 })
    }

    /// Asks for a program's log, to be had later.
    pub fn ask(&mut self, program: &str) {
        let text = format!("{program}%%\n");
        // When it has died, `answer` finds out and asks again.
        let _died = self.process.input.send(text.clone());
        self.asked.push_back(text);
    }

    /// The log of the oldest program that was asked for; [`DIED`] if Node did, or hung.
    ///
    /// # Errors
    /// When Node cannot be started again.
    pub fn answer(&mut self) -> io::Result<String> {
        let answer = self.process.answers.recv_timeout(LIMIT);
        self.asked.pop_front();
        match answer {
            Ok(log) => Ok(log),
            Err(_died_or_late) => {
                self.deaths += 1;
                self.process = Process::start()?;
                for text in &self.asked {
                    let _died = self.process.input.send(text.clone());
                }
                Ok(String::from(DIED))
            }
        }
    }

    /// Runs one program now; nothing else may be under way.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub fn run(&mut self, program: &str) -> io::Result<String> {
        debug_assert!(self.asked.is_empty(), "answers come in order");
        self.ask(program);
        self.answer()
    }
}
