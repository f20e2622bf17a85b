//! `netfold proxy` before real services.

use crate::process::{Folder, Running, skipped};
use crate::{netfold, run};
use rustix::process::Signal;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

/// A proxy on a free port before a service, recording into `trace`.
fn proxy(to: &str, trace: &str) -> (Running, String) {
    let args = ["proxy", "--listen", "0", "--to", to, "--record", trace, "--payload", "full"];
    let mut proxy = Running::start(&mut netfold(args));
    let place = proxy.after("listening on ");
    (proxy, place)
}

/// Stops it, and replays its trace.
fn stopped(proxy: Running, trace: &str) -> String {
    proxy.signal(Signal::TERM);
    let ran = proxy.end();
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(run(["replay", trace]).went_well().out.contains("replay identical"));
    run(["show", trace]).went_well().out.clone()
}

#[test]
fn a_service_that_answers_when_its_client_has_ended() {
    let folder = Folder::new();
    let trace = folder.file("proxy.trace");
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let (proxy, place) = proxy(&service.local_addr().unwrap().to_string(), &trace);
    // More than any buffer on the way holds, both ways.
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let answering = std::thread::spawn(move || {
        let (mut client, _) = service.accept().unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        all.reverse();
        client.write_all(&all).unwrap();
    });
    let mut client = TcpStream::connect(&place).unwrap();
    client.write_all(&sent).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut back = Vec::new();
    client.read_to_end(&mut back).unwrap();
    answering.join().unwrap();
    back.reverse();
    assert!(back == sent, "{} bytes came back", back.len());
    let shown = stopped(proxy, &trace);
    assert!(shown.contains("'end'") && shown.contains("read end"), "both sides' FIN went over");
}

#[test]
fn a_unix_service_and_a_unix_proxy() {
    let folder = Folder::new();
    let (trace, path, front) = (folder.file("proxy.trace"), folder.file("service.sock"), folder.file("front.sock"));
    let service = UnixListener::bind(&path).unwrap();
    let args = ["proxy", "--listen", &front, "--to", &path, "--record", &trace];
    let mut proxy = Running::start(&mut netfold(args));
    proxy.line();
    let mut client = UnixStream::connect(&front).unwrap();
    client.write_all(b"hello").unwrap();
    let (mut accepted, _) = service.accept().unwrap();
    let mut bytes = [0; 5];
    accepted.read_exact(&mut bytes).unwrap();
    accepted.write_all(b"world").unwrap();
    client.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"world");
    drop(accepted);
    assert_eq!(client.read(&mut bytes).unwrap(), 0, "the service's end comes over");
    drop(client);
    stopped(proxy, &trace);
}

#[test]
fn a_service_that_refuses_or_resets_does_so_to_the_client() {
    let folder = Folder::new();
    let trace = folder.file("proxy.trace");
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service.local_addr().unwrap().to_string();
    let (proxy, place) = proxy(&to, &trace);
    let mut client = TcpStream::connect(&place).unwrap();
    client.write_all(b"hello").unwrap();
    let (accepted, _) = service.accept().unwrap();
    // Closed with five bytes unread: the system sends RST.
    while accepted.peek(&mut [0; 5]).unwrap() < 5 {}
    drop(accepted);
    let gone = client.read(&mut [0; 5]);
    assert!(gone.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    drop(service);
    let mut client = TcpStream::connect(&place).unwrap();
    let gone = client.read(&mut [0; 5]);
    assert!(gone.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    proxy.signal(Signal::TERM);
    let ran = proxy.end();
    assert!(ran.status == Some(0) && ran.err.contains("connect ECONNREFUSED"), "{ran:?}");
    run(["replay", &trace]).went_well();
}

/// Node's HTTP server, with keep-alive, and Node's client.
#[test]
fn http_goes_through() {
    if Command::new("node").arg("--version").output().is_err() {
        return skipped("no node");
    }
    let folder = Folder::new();
    let trace = folder.file("proxy.trace");
    let server = "const http = require('http');
        const s = http.createServer((q, r) => { let n = 0; q.on('data', (c) => n += c.length); q.on('end', () => r.end(`${q.url} ${n}`)); });
        s.listen(0, '127.0.0.1', () => console.log(s.address().port));";
    let mut service = Running::start(Command::new("node").args(["-e", server]));
    let (proxy, place) = proxy(&service.line(), &trace);
    let client = "const http = require('http'); const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
        const ask = (n) => new Promise((y, no) => { const q = http.request(`http://${process.argv[1]}/${n}`, { agent, method: 'POST' },
          (r) => { let t = ''; r.on('data', (c) => t += c); r.on('end', () => y(t)); }); q.on('error', no); q.end('x'.repeat(n * 1000)); });
        Promise.all([...Array(20).keys()].map(ask)).then((all) => { console.log(all.join()); agent.destroy(); });";
    let ran = Running::start(Command::new("node").args(["-e", client, &place])).end();
    let expected: Vec<String> = (0..20).map(|n| format!("/{n} {}", n * 1000)).collect();
    assert_eq!(ran.went_well().out.trim(), expected.join(","));
    let shown = stopped(proxy, &trace);
    assert!(shown.contains("HTTP/1.1 200 OK"), "with --payload full the text is in the trace");
}
