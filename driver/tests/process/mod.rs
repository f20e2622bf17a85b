//! Processes under test, awaited for a bounded time, and folders of a test's own. The tests of the tool use it too.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Says that a test looks at nothing, and why. The test runner keeps what tests print to itself: this goes past it.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// What a process left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// It ended well, without a word on standard error.
    #[track_caller]
    pub fn went_well(&self) -> &Self {
        assert_eq!((self.status, self.err.as_str()), (Some(0), ""), "{self:?}");
        self
    }

    /// It ended with this status, and a message with all of these words.
    #[track_caller]
    pub fn failed(&self, status: i32, words: &[&str]) -> &Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "\"{word}\" is missing: {self:?}");
        }
        self.no_panic()
    }

    #[track_caller]
    pub fn no_panic(&self) -> &Self {
        for word in ["panicked", "backtrace", "RUST_"] {
            assert!(!self.err.contains(word), "{self:?}");
        }
        self
    }

    /// The last line that it printed.
    #[track_caller]
    pub fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_else(|| panic!("it printed nothing: {self:?}"))
    }
}

/// A process under way. Killed when dropped.
pub struct Running {
    /// Its standard input, if it was started with one.
    pub input: Option<ChildStdin>,
    child: Child,
    lines: Receiver<String>,
    err: Option<JoinHandle<String>>,
    seen: String,
}

impl Running {
    /// Starts a command. Its output is read as it comes, unless the command sends it elsewhere; see [`to`](Self::to).
    pub fn start(command: &mut Command) -> Self {
        Self::to(command, Stdio::piped())
    }

    /// As [`start`](Self::start), with standard output going elsewhere.
    pub fn to(command: &mut Command, out: Stdio) -> Self {
        Self::with(command.stdin(Stdio::null()).stdout(out))
    }

    /// As [`start`](Self::start), with something to type into.
    pub fn interactive(command: &mut Command) -> Self {
        Self::with(command.stdin(Stdio::piped()).stdout(Stdio::piped()))
    }

    fn with(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let (send, lines) = channel();
        if let Some(out) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut lines = BufReader::new(out).lines();
                while let Some(Ok(line)) = lines.next() {
                    if send.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let mut from = child.stderr.take().unwrap();
        let err = std::thread::spawn(move || {
            let mut err = String::new();
            from.read_to_string(&mut err).unwrap();
            err
        });
        Self { input, child, lines, err: Some(err), seen: String::new() }
    }

    /// The next line that it prints.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("it prints a line");
        self.seen += &line;
        self.seen.push('\n');
        line
    }

    /// The rest of the next line, which begins with this.
    #[track_caller]
    pub fn after(&mut self, start: &str) -> String {
        let line = self.line();
        line.strip_prefix(start).unwrap_or_else(|| panic!("\"{start}\" was expected: {line}")).to_string()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Types this.
    pub fn types(&mut self, text: &str) {
        self.input.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end, killing it if that does not come.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        drop(self.input.take());
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen = std::mem::take(&mut self.seen) + &line + "\n",
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end; it has printed {}", self.seen),
            }
        }
        // Its standard output is closed; standard error closes with it.
        let err = self.err.take().unwrap();
        let (send, ended) = channel();
        std::thread::spawn(move || send.send(err.join()));
        let err = ended.recv_timeout(PATIENCE).expect("it ends").unwrap();
        let status = self.child.wait().unwrap().code();
        Ran { status, out: std::mem::take(&mut self.seen), err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// An empty folder, gone when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("nf-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    pub fn is_empty(&self) -> bool {
        std::fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}
