//! The modes of Unix paths: a file of its own, since the umask is the whole process's.
#![cfg(unix)]

use netfold::{Listen, Net, ServerOptions};
use netfold_conformance::Log;
use rustix::fs::Mode;
use std::os::unix::fs::PermissionsExt;

#[test]
fn t20_listen_modes() {
    let (log, mut net) = (Log::new(), Net::new(()).expect("a loop"));
    let server = log.actor("server");
    for umask in [0o077, 0o022] {
        rustix::process::umask(Mode::from_raw_mode(umask));
        for readable in [false, true] {
            for writable in [false, true] {
                let path = log.temp_path();
                let srv = net.server(ServerOptions::default());
                let on = Listen::path(&path).readable_all(readable).writable_all(writable);
                srv.listen(&mut net, on).unwrap();
                let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
                server.log(&net, format!("{readable} {writable} {mode:o}"));
                srv.close(&mut net);
            }
        }
    }
    net.run().unwrap();
    log.matches(include_str!("../../../spec/node/t20_listen_modes.log"));
}
