//! The examples as they are run: Node's reference programs with each other, with `nc`, and over a Unix path.
#![cfg(unix)]

#[expect(dead_code, reason = "the tests of the tool use the rest")]
mod process;

use process::{Folder, PATIENCE, Running, skipped};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

/// An example, built by the same `cargo test` that has built this.
fn example(name: &str) -> Command {
    let this = std::env::current_exe().unwrap();
    let built = this.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(built.exists(), "{} is missing: cargo build -p netfold --examples", built.display());
    Command::new(built)
}

/// A server, and the port or path that it has said it listens on.
fn serving(name: &str, place: &str) -> (Running, String) {
    let mut server = Running::start(example(name).arg(place));
    let address = server.after("server bound ");
    let said = address.strip_suffix(')').unwrap();
    let place = match said.strip_prefix("Path(") {
        Some(path) => path.trim_matches('"').to_string(),
        None => said.rsplit(':').next().unwrap().to_string(),
    };
    (server, place)
}

/// OpenBSD's, which the reference uses.
fn has_nc() -> bool {
    let help = Command::new("nc").arg("-h").stdin(Stdio::null()).output();
    let has = help.is_ok_and(|help| String::from_utf8_lossy(&help.stderr).contains("OpenBSD"));
    if !has {
        skipped("no nc (apt-get install netcat-openbsd)");
    }
    has
}

/// The two programs of the reference together; what each prints is what Node 20 prints.
fn talk(place: &str) {
    let (mut server, place) = serving("echo_server", place);
    let client = Running::start(example("client").arg(&place)).end();
    client.went_well();
    let lines = "connected to server!\nhello\n\nworld!\n\ndisconnected from server\n";
    // Both chunks may come as one, and then the client ends before there is a second.
    let together = "connected to server!\nhello\nworld!\n\ndisconnected from server\n";
    assert!(client.out == lines || client.out == together, "{client:?}");
    assert_eq!(server.line(), "client connected");
    assert_eq!(server.line(), "client disconnected");
    assert!(server.is_running());
}

#[test]
fn the_client_talks_to_the_echo_server() {
    talk("0");
}

#[test]
fn and_over_a_unix_path() {
    let folder = Folder::new();
    talk(&folder.file("echo.sock"));
}

/// `nc` as somebody uses it who follows the reference: typing, reading, and Ctrl-C (here SIGTERM, as the program that runs the tests
/// may have been told to ignore SIGINT, and children inherit that).
fn netcat(place: &str, args: impl Fn(String) -> Vec<String>) {
    if !has_nc() {
        return;
    }
    let (mut server, place) = serving("echo_server", place);
    let mut nc = Running::interactive(Command::new("nc").args(args(place)));
    assert_eq!(nc.line(), "hello");
    assert_eq!(server.line(), "client connected");
    nc.types("one\n");
    assert_eq!(nc.line(), "one");
    nc.types("two\nthree\n");
    assert_eq!((nc.line(), nc.line()), ("two".into(), "three".into()));
    nc.signal(Signal::TERM);
    assert_eq!(server.line(), "client disconnected");
    assert_eq!(nc.end().status, None);
}

#[test]
fn nc_talks_to_the_echo_server() {
    netcat("0", |port| vec!["localhost".into(), port]);
}

#[test]
fn nc_talks_to_it_over_a_unix_path() {
    let folder = Folder::new();
    netcat(&folder.file("echo.sock"), |path| vec!["-U".into(), path]);
}

#[test]
fn the_echo_server_says_why_it_cannot_listen() {
    let taken = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = Running::start(example("echo_server").arg(&port)).end();
    ran.failed(1, &["listen EADDRINUSE: address already in use", &port]);
}

#[test]
fn the_client_says_why_it_cannot_connect() {
    let folder = Folder::new();
    let path = folder.file("missing.sock");
    let ran = Running::start(example("client").arg(&path)).end();
    ran.failed(1, &["connect ENOENT", &path]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let ran = Running::start(example("client").arg(&port)).end();
    ran.failed(1, &["connect ECONNREFUSED", &port]);
}

#[test]
fn any_free_port_is_taken_and_goodbye_is_said() {
    let mut server = Running::start(&mut example("goodbye"));
    let address = server.after("opened server on Tcp(");
    let port: u16 = address.trim_end_matches(')').rsplit(':').next().unwrap().parse().unwrap();
    for _ in 0..3 {
        let mut said = String::new();
        let mut client = TcpStream::connect(("localhost", port)).unwrap();
        client.read_to_string(&mut said).unwrap();
        assert_eq!(said, "goodbye\n");
    }
    if has_nc() {
        let mut nc = Running::interactive(Command::new("nc").args(["localhost", &port.to_string()]));
        assert_eq!(nc.line(), "goodbye");
        nc.end().went_well();
    }
}

#[test]
fn an_address_in_use_is_tried_again() {
    let ran = Running::start(&mut example("address_in_use")).end();
    let (first, second) = ran.went_well().out.split_once('\n').unwrap();
    assert_eq!(first, "Address in use, retrying...");
    assert!(second.starts_with("server bound Tcp(127.0.0.1:"), "{second}");
}

#[test]
fn a_loop_of_ones_own_runs_a_server_and_a_client() {
    let mut embedded = Running::interactive(&mut example("embed_poll"));
    embedded.after("server bound Tcp(127.0.0.1:");
    // Each is awaited, so the loop has slept between them.
    for text in ["one", "two", "three"] {
        embedded.types(&format!("{text}\n"));
        assert_eq!(embedded.line(), format!("echoed: {text}"));
    }
    assert!(embedded.is_running());
    let ran = embedded.end();
    assert_eq!(ran.went_well().last_line(), "nothing is left to do");
}

#[test]
fn a_loop_of_ones_own_takes_more_than_fits_its_buffers() {
    let mut embedded = Running::interactive(&mut example("embed_poll"));
    let line = "x".repeat(999);
    let mut input = embedded.input.take().unwrap();
    let typing = std::thread::spawn(move || {
        for _ in 0..20_000 {
            writeln!(input, "{line}").unwrap();
        }
    });
    let ran = embedded.end();
    typing.join().unwrap();
    let marks = ran.went_well().out.matches("echoed: ").count() * "echoed: ".len();
    let around = ran.out.lines().next().unwrap().len() + 1 + "nothing is left to do\n".len();
    assert_eq!(ran.out.len() - marks - around, 20_000_000);
}

#[test]
fn a_signal_stops_the_graceful_server() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = Folder::new();
        let path = folder.file("graceful.sock");
        let (mut server, _) = serving("graceful", &path);
        let [mut silent, mut busy] = [(); 2].map(|()| {
            let mut client = UnixStream::connect(&path).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.write_all(b"hello").unwrap();
            let mut back = [0; 5];
            client.read_exact(&mut back).unwrap();
            client
        });
        // More than the buffers hold, and read only after the silent one's end.
        let mut sender = busy.try_clone().unwrap();
        let sending = std::thread::spawn(move || {
            sender.write_all(&vec![7; 4_000_000]).unwrap();
            sender.shutdown(Shutdown::Write).unwrap();
        });
        server.signal(signal);
        assert_eq!(server.line(), "stopping");
        assert_eq!(silent.read(&mut [0; 8]).unwrap(), 0);
        assert!(UnixStream::connect(&path).is_err());
        let mut back = Vec::new();
        busy.read_to_end(&mut back).unwrap();
        sending.join().unwrap();
        assert_eq!(back.len(), 4_000_000);
        drop((silent, busy));
        assert_eq!(server.end().went_well().last_line(), "server closed");
        assert!(folder.is_empty());
    }
}

#[test]
fn a_second_signal_ends_the_graceful_server_at_once() {
    let (mut server, port) = serving("graceful", "0");
    let mut client = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
    client.write_all(b"x").unwrap();
    client.read_exact(&mut [0]).unwrap();
    server.signal(Signal::TERM);
    assert_eq!(server.line(), "stopping");
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    // This side stays open, and it waits.
    assert!(server.is_running());
    server.signal(Signal::TERM);
    assert_eq!(server.end().went_well().last_line(), "stopping");
}

/// In somebody else's loop: all that is sent comes back, a deadline comes, an end comes, and the loop's own work is done.
fn embedded(program: &mut Command, own: &str) {
    let ran = Running::start(program).end();
    let mut lines: Vec<&str> = ran.went_well().out.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(own)).unwrap_or_else(|| panic!("{ran:?}"));
    lines.remove(at);
    assert_eq!(lines, ["1000000 bytes came back", "closed, without an error", "nothing is left to do"]);
}

#[test]
fn mio_runs_a_server_and_a_client() {
    embedded(&mut example("embed_mio"), "mio's own: readable true");
}

#[test]
fn calloop_runs_a_server_and_a_client() {
    embedded(&mut example("embed_calloop"), "calloop's own: a timer");
}

#[test]
fn tokio_runs_a_server_and_a_client() {
    embedded(&mut example("embed_tokio"), "tokio's own: a task");
}

#[test]
fn smol_runs_a_server_and_a_client() {
    embedded(&mut example("embed_smol"), "smol's own: a task");
}

/// A workspace of its own, since it builds only where glib is.
#[test]
fn glib_runs_a_server_and_a_client() {
    let has = Command::new("pkg-config").args(["--atleast-version=2.66", "glib-2.0"]).status();
    if !has.is_ok_and(|status| status.success()) {
        return skipped("no glib (apt-get install libglib2.0-dev pkg-config)");
    }
    let this = std::env::current_exe().unwrap();
    let target = this.ancestors().nth(2).unwrap().join("glib");
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/glib/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .status();
    assert!(build.unwrap().success(), "it builds; a lock that is behind: cargo metadata in driver/examples/glib");
    embedded(&mut Command::new(target.join("debug/embed_glib")), "glib's own: a timeout");
}

#[test]
#[cfg(target_os = "linux")]
fn each_core_has_a_loop_and_the_system_spreads_the_connections() {
    let mut server = Running::start(example("loop_per_core").arg("3"));
    let port = server.after("3 loops listen on 127.0.0.1:");
    let mut got = [0; 3];
    // The chance that one of three gets none of 100 is one in 10^17.
    for _ in 0..100 {
        let mut client = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.write_all(b"hello").unwrap();
        let mut said = [0; 12];
        client.read_exact(&mut said).unwrap();
        let said = String::from_utf8(said.to_vec()).unwrap();
        let number: usize =
            said.strip_prefix("loop ").and_then(|s| s.strip_suffix("\nhello")).unwrap().parse().unwrap();
        got[number] += 1;
    }
    assert!(got.iter().all(|count| *count > 0), "{got:?}");
    assert!(server.is_running());
}
