//! `netfold echo`, with clients of the standard library.

use crate::process::{Folder, Running, skipped};
use crate::{netfold, run};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;

/// More than every buffer on the way holds.
const MUCH: usize = 8 << 20;

pub fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8).collect()
}

/// Sends much, ends, and gets all of it back.
macro_rules! is_echoed {
    ($stream:expr, $len:expr) => {{
        let mut stream = $stream;
        let sent = bytes($len);
        let mut sender = stream.try_clone().unwrap();
        let to_send = sent.clone();
        let sending = std::thread::spawn(move || {
            sender.write_all(&to_send).unwrap();
            sender.shutdown(Shutdown::Write).unwrap();
        });
        let mut back = Vec::new();
        stream.set_read_timeout(Some(crate::process::PATIENCE)).unwrap();
        stream.read_to_end(&mut back).unwrap();
        sending.join().unwrap();
        assert!(back == sent, "{} of {} bytes came back", back.len(), sent.len());
    }};
}

#[test]
fn a_bare_port_is_one_of_the_loopback_address() {
    let mut server = Running::start(&mut netfold(["echo", "--listen", "0"]));
    let place = server.after("listening on ");
    assert!(place.starts_with("127.0.0.1:"), "{place}");
    is_echoed!(TcpStream::connect(&place).unwrap(), MUCH);
    is_echoed!(TcpStream::connect(&place).unwrap(), 0);
    server.signal(Signal::TERM);
    server.end().went_well();
}

#[test]
fn a_host_is_looked_up_and_an_address_is_taken_as_it_is() {
    let mut places = vec!["localhost:0", "127.0.0.1:0"];
    if TcpListener::bind("[::1]:0").is_ok() {
        places.extend(["[::1]:0", "::1:0"]);
    } else {
        skipped("no IPv6 on this machine");
    }
    for place in places {
        let mut server = Running::start(&mut netfold(["echo", "--listen", place]));
        let bound = server.after("listening on ");
        assert!(!bound.ends_with(":0"), "{bound}");
        is_echoed!(TcpStream::connect(&bound).unwrap(), 100_000);
        server.signal(Signal::INT);
        server.end().went_well();
    }
}

#[test]
fn a_path_is_served_and_unlinked() {
    let folder = Folder::new();
    let path = folder.file("echo.sock");
    let mut server = Running::start(&mut netfold(["echo", "--listen", &path]));
    assert_eq!(server.after("listening on "), path);
    is_echoed!(UnixStream::connect(&path).unwrap(), MUCH);
    server.signal(Signal::TERM);
    server.end().went_well();
    assert!(folder.is_empty());
}

#[test]
fn many_clients_at_once_each_get_their_own_bytes() {
    let mut server = Running::start(&mut netfold(["echo", "--listen", "0"]));
    let place = server.after("listening on ");
    std::thread::scope(|scope| {
        for client in 0..50 {
            let place = &place;
            scope.spawn(move || is_echoed!(TcpStream::connect(place).unwrap(), 20_000 + client));
        }
    });
    server.signal(Signal::TERM);
    server.end().went_well();
}

#[test]
fn a_client_that_resets_harms_nobody() {
    let mut server = Running::start(&mut netfold(["echo", "--listen", "0"]));
    let place = server.after("listening on ");
    for _ in 0..20 {
        // Unread bytes at the close make it a reset.
        let mut client = TcpStream::connect(&place).unwrap();
        client.write_all(&bytes(200_000)).unwrap();
    }
    is_echoed!(TcpStream::connect(&place).unwrap(), MUCH);
    server.signal(Signal::TERM);
    server.end().went_well();
}

#[test]
fn where_it_cannot_listen_it_says_why_and_what_to_do() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let path = folder.file("taken.sock");
    let _taken = UnixListener::bind(&path).unwrap();
    let missing = folder.file("missing/echo.sock");
    let long = folder.file(&"x".repeat(108));
    let cases: &[(&str, &[&str])] = &[
        (&port, &["EADDRINUSE", &port, "give another port"]),
        (&path, &["EADDRINUSE", &path, "remove the file"]),
        (&missing, &["EACCES", &missing, "a folder that is there"]),
        (&long, &["ENAMETOOLONG", "shorter path"]),
        ("192.0.2.1:0", &["EADDRNOTAVAIL", "192.0.2.1", "an address of this machine"]),
    ];
    for (place, words) in cases {
        let ran = run(["echo", "--listen", place]);
        ran.failed(1, words);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{ran:?}");
    }
    assert!(std::fs::exists(&path).unwrap(), "another server's file stays");
}

#[test]
fn a_host_that_is_none_is_told_of() {
    // A name that no resolver has; which error it is depends on the machine's resolver.
    let ran = run(["echo", "--listen", "netfold.invalid:0"]);
    ran.failed(1, &["getaddrinfo", "netfold.invalid"]);
}

#[test]
fn where_it_cannot_record_it_says_so_and_does_not_listen() {
    let folder = Folder::new();
    let missing = folder.file("missing/echo.trace");
    let here = folder.path().to_str().unwrap();
    // Not even root can make a file in these.
    for file in [&missing, here, "/proc/netfold.trace", "/sys/netfold.trace"] {
        let ran = run(["echo", "--listen", "0", "--record", file]);
        ran.failed(1, &["cannot record into", file, "give a file in a folder"]);
        assert_eq!(ran.out, "", "{file}");
    }
}

#[test]
fn a_folder_without_the_right_to_write_is_no_place_to_record() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o555)).unwrap();
    if std::fs::write(folder.file("probe"), "").is_ok() {
        return skipped("root may write everywhere");
    }
    let ran = run(["echo", "--listen", "0", "--record", &folder.file("echo.trace")]);
    ran.failed(1, &["cannot record into", "Permission denied"]);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_full_disk_it_serves_on_unrecorded_and_ends_with_1() {
    use std::os::unix::fs::PermissionsExt;
    let rights = || std::fs::metadata("/dev/full").unwrap().permissions().mode();
    let before = rights();
    let mut server = Running::start(&mut netfold(["echo", "--listen", "0", "--record", "/dev/full"]));
    let place = server.after("listening on ");
    is_echoed!(TcpStream::connect(&place).unwrap(), MUCH);
    is_echoed!(TcpStream::connect(&place).unwrap(), MUCH);
    server.signal(Signal::TERM);
    let ran = server.end();
    ran.failed(1, &["cannot write the trace /dev/full", "No space left", "serving on, unrecorded"]);
    assert_eq!(rights(), before, "a device is not closed to others");
}

#[test]
#[cfg(target_os = "linux")]
fn what_it_prints_may_go_nowhere_but_not_get_lost() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ran = Running::to(&mut netfold(["echo", "--listen", "0"]), full.into()).end();
    ran.failed(1, &["cannot write to standard output", "No space left"]);
}

#[test]
fn a_reader_who_has_gone_does_not_end_the_server() {
    let folder = Folder::new();
    let path = folder.file("echo.sock");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let server = Running::to(&mut netfold(["echo", "--listen", &path]), Stdio::from(writer));
    // There is no line to wait for.
    let client = loop {
        match UnixStream::connect(&path) {
            Ok(client) => break client,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(2)),
        }
    };
    is_echoed!(client, 1000);
    server.signal(Signal::TERM);
    server.end().went_well();
}
