//! The servers that are measured: processes of their own, each on the core that was chosen for servers.

use crate::machine;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// What a server is called, and how it is started.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its name in the tables.
    pub name: String,
    program: PathBuf,
    arguments: Vec<String>,
    /// What it leaves behind, to be removed.
    leaves: Option<PathBuf>,
}

impl Peer {
    /// The peers that there are, by name.
    pub const NAMES: &str = "epoll, mio, polling, tokio, uv, netfold, netfold-cb (a shared write callback), netfold-pause \
        (backpressure), netfold-timeout (an idle timeout), netfold-length, -hash, -full (recorded), netfold-once, -level, -oneshot \
        (waits), node-data, node-pipe, addon-data, addon-pipe (netfold inside Node), and NAME=PROGRAM for any other, another \
        build for example";

    /// The server of a name, or why it is not to be had here.
    ///
    /// # Errors
    /// There is none of that name, or it should have been built with this program.
    pub fn named(name: &str) -> io::Result<Result<Self, &'static str>> {
        let netfold = |arguments| Self::beside(name, "echo_netfold", arguments);
        let built = |program| Ok(Self::beside(name, program, &[]).map_err(|_| "not built, tests/bench/run builds it"));
        if let Some((name, program)) = name.split_once('=') {
            return Ok(Ok(Self::new(name, PathBuf::from(program), &[])));
        }
        let variant = name.split_once('-').map_or("", |(_, variant)| variant);
        Ok(Ok(match name {
            "epoll" => Self::beside(name, "echo_epoll", &[])?,
            "mio" => return built("echo_mio"),
            "polling" => return built("echo_polling"),
            "tokio" => return built("echo_tokio"),
            "uv" => return built("echo_uv"),
            "netfold" => netfold(&[])?,
            "netfold-cb" => netfold(&["--callback"])?,
            "netfold-pause" => netfold(&["--backpressure"])?,
            "netfold-timeout" => netfold(&["--timeout"])?,
            "netfold-length" | "netfold-hash" | "netfold-full" => netfold(&[])?.recording(variant),
            "netfold-once" | "netfold-level" | "netfold-oneshot" => netfold(&["--waiting", variant])?,
            "node-data" | "node-pipe" => return Ok(Self::node(name, variant).ok_or("there is no node here")),
            "addon-data" | "addon-pipe" => return Ok(Self::addon(name, variant)?.ok_or("there is no node here")),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no server called {name}"))),
        }))
    }

    /// Those of these names that are to be had; of the others it is said why not.
    ///
    /// # Errors
    /// As [`named`](Self::named).
    pub fn all(names: &[String]) -> io::Result<Vec<Self>> {
        let mut peers = Vec::new();
        for name in names {
            match Self::named(name)? {
                Ok(peer) => peers.push(peer),
                Err(reason) => println!("{name}: skipped, {reason}"),
            }
        }
        Ok(peers)
    }

    /// A program that stands beside this one.
    ///
    /// # Errors
    /// It should have been built with this program.
    pub fn beside(name: &str, program: &str, arguments: &[&str]) -> io::Result<Self> {
        let program = std::env::current_exe()?.with_file_name(program);
        if !program.exists() {
            let what = format!(
                "{} is not built; run: cargo build --release -p netfold-bench, or tests/bench/run",
                program.display()
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        }
        Ok(Self::new(name, program, arguments))
    }

    /// The echo server in JavaScript; `None` where there is no `node`.
    fn node(name: &str, variant: &str) -> Option<Self> {
        Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/echo.js");
        Some(Self::new(name, PathBuf::from("node"), &["--expose-gc", script.to_str()?, variant]))
    }

    /// The same, over netfold inside Node.
    fn addon(name: &str, variant: &str) -> io::Result<Option<Self>> {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node/net.js");
        if !module.with_file_name("netfold.node").exists() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the addon is not built; run: tests/node/build"));
        }
        Ok(Self::node(name, variant).map(|mut peer| {
            peer.arguments.push(module.to_string_lossy().into_owned());
            peer
        }))
    }

    fn new(name: &str, program: PathBuf, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&a| a.to_owned()).collect();
        Self { name: name.to_owned(), program, arguments, leaves: None }
    }

    /// It records its run into a file, which goes when it ends.
    fn recording(mut self, payload: &str) -> Self {
        let file = std::env::temp_dir().join(format!("netfold-bench-{}-{}.trace", std::process::id(), self.name));
        let path = file.to_string_lossy().into_owned();
        self.arguments.extend(["--record".to_owned(), path, "--payload".to_owned(), payload.to_owned()]);
        self.leaves = Some(file);
        self
    }

    /// Starts it on a core.
    pub fn start(&self, core: usize) -> io::Result<Server> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = machine::on_core(core, || command.spawn())??;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child without pipes"));
        };
        let leaves = self.leaves.clone();
        let mut server = Server { child, input: Some(input), output: BufReader::new(output), port: 0, leaves };
        server.port = server.number("port")? as u16;
        Ok(server)
    }
}

/// A server that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its end is what the server ends at.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    port: u16,
    leaves: Option<PathBuf>,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// How long it has run on a core.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        machine::cpu_time(self.child.id())
    }

    /// Its memory in RAM, in bytes.
    pub fn resident(&self) -> io::Result<u64> {
        machine::resident(self.child.id())
    }

    /// The bytes that it has allocated.
    pub fn heap(&mut self) -> io::Result<u64> {
        if let Some(input) = &mut self.input {
            input.write_all(b"heap\n")?;
        }
        self.number("heap")
    }

    fn number(&mut self, name: &str) -> io::Result<u64> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let number = line.strip_prefix(name).and_then(|n| n.trim().parse().ok());
        number.ok_or_else(|| io::Error::other(format!("the server says {line:?} in place of its {name}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.child.wait();
        if let Some(file) = &self.leaves {
            let _removed = std::fs::remove_file(file);
        }
    }
}
