//! The diagram of the page on order is drawn from a run. `PAGES=write cargo test -p netfold-cli --test tool pages` draws it anew.

use crate::process::Folder;
use crate::run;
use netfold::{Limits, Net, Recording};
use netfold_sim::{Chooser, World};
use std::collections::BTreeSet;
use std::path::Path;

/// An echo between two sockets of one loop, recorded.
fn echo(trace: &str) {
    let world = World::new(Chooser::calm());
    let recording = Recording::create(trace).unwrap();
    let mut net = Net::with_host_recorded((), world, Limits::DEFAULT, recording);
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, socket, chunk| {
            socket.write(net, chunk);
        });
    });
    server.listen(&mut net, ("127.0.0.1", 80)).unwrap();
    // A turn later: the client is the first socket, and connects when the server listens.
    net.set_immediate(move |net| {
        let client = net.connect(("127.0.0.1", 80)).unwrap();
        client.write_then(net, "hello", |_, _, _| {});
        client.on_data(net, |net, client, _| client.end(net));
        client.on_close(net, move |net, _, _| server.close(net));
    });
    net.run().unwrap();
    net.finish_recording().unwrap();
}

#[test]
fn the_diagram_of_the_page_is_drawn_from_a_run() {
    let folder = Folder::new();
    let (trace, drawn) = (folder.file("echo.trace"), folder.file("echo.mmd"));
    echo(&trace);
    run(["export", &trace, "--to", "mermaid", "--socket", "c0", "-o", &drawn]).went_well();
    let drawn = std::fs::read_to_string(drawn).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/order.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once("```mermaid\n").expect("the diagram");
    let (on_page, after) = rest.split_once("```").expect("its end");
    if std::env::var_os("PAGES").is_some_and(|what| what == "write") {
        return std::fs::write(&path, format!("{before}```mermaid\n{drawn}```{after}")).unwrap();
    }
    assert_eq!(on_page, drawn, "see PAGES=write");
}

/// The table of the tool's page has a row for each command, and names no other.
#[test]
fn the_page_has_every_command() {
    let help = run(["--help"]);
    let (_, commands) = help.out.split_once("Commands:\n").expect("commands");
    let (commands, _) = commands.split_once("\n\n").expect("their end");
    // What is indented further goes on with the line before it.
    let names = commands.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    let commands: BTreeSet<&str> =
        names.map(|line| line.split(' ').next().unwrap()).filter(|name| *name != "help").collect();
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `netfold "));
    let on_page: BTreeSet<&str> = rows.map(|row| row.split([' ', '`']).next().unwrap()).collect();
    assert_eq!(on_page, commands);
}
