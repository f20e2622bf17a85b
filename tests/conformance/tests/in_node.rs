//! The programs of `spec/node` inside Node, over the addon of `tests/node` (rule H1). Needs Node 20 and the addon; without
//! them it says that it is skipped.

use netfold_conformance::{has_node_20, skipped};
use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// Why a program may print something else, by its name.
fn differs(root: &Path) -> HashMap<String, String> {
    let table = std::fs::read_to_string(root.join("tests/node/differs.tsv")).expect("the table");
    table.lines().map(|line| line.split_once('\t').expect("a name, a tab, a reason")).map(owned).collect()
}

fn owned((name, reason): (&str, &str)) -> (String, String) {
    (name.to_string(), reason.to_string())
}

#[test]
fn h1_programs_print_inside_node_what_node_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let addon = root.join("tests/node/netfold.node");
    if !has_node_20() || !addon.exists() {
        return skipped("the machine inside Node needs Node 20 on the path and the addon (tests/node/build)");
    }
    let differs = differs(&root);
    let programs = std::fs::read_dir(root.join("spec/node")).expect("the programs");
    let mut names: Vec<String> = programs
        .filter_map(|entry| {
            entry.expect("an entry").file_name().into_string().ok()?.strip_suffix(".log").map(Into::into)
        })
        .filter(|name| !differs.contains_key(name))
        .collect();
    names.sort();
    let register = root.join("tests/node/register.js").canonicalize().expect("the register");
    let ran = Command::new("node")
        .arg(root.join("spec/node/record.js"))
        .arg("--check")
        .args(&names)
        .env("NODE_OPTIONS", format!("--require={}", register.display()))
        .output()
        .expect("node runs");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains(&format!("{} passed", names.len())), "{said}");
}

/// A server and a client in one process, then in a thread of it, then in a process that it forks.
const RECORDED: &str = r"
    const { fork } = require('node:child_process');
    const net = require('net');
    const { isMainThread, Worker } = require('node:worker_threads');
    const path = `${__dirname}/s${process.pid}-${isMainThread}`;
    const server = net.createServer((socket) => socket.pipe(socket)).listen(path, () => {
      const client = net.connect(path, () => client.end('hello'));
      client.resume().on('close', () => server.close());
    });
    if (isMainThread && process.argv[2] !== 'child') {
      process.chdir('/');
      new Worker(__filename);
      fork(__filename, ['child']).on('exit', (code) => { process.exitCode = code; });
    }
";

/// The trace of a Node program, those of its threads and of the processes that it starts: each replays.
#[test]
fn h1_a_program_inside_node_records_with_its_threads_and_children() {
    use netfold::core::trace::{Trace, replay};
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !has_node_20() || !root.join("tests/node/netfold.node").exists() {
        return skipped("recording inside Node needs Node 20 on the path and the addon (tests/node/build)");
    }
    let folder = std::env::temp_dir().join(format!("nf-in-node-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("app.js"), RECORDED).expect("the program");
    let register = root.join("tests/node/register.js").canonicalize().expect("the register");
    let mut node = Command::new("node");
    node.arg("-r").arg(register).arg("app.js").current_dir(&folder).env("NETFOLD_RECORD", "app.trace");
    let ran = node.env_remove("NETFOLD_RECORDING").output().expect("node runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter(|name| name.starts_with("app.trace"))
        .collect();
    names.sort_by_key(String::len);
    let [own, thread, child] = &names[..] else { panic!("{names:?}") };
    assert_eq!(own, "app.trace");
    for name in [thread, child] {
        assert!(name["app.trace.".len()..].parse::<u32>().is_ok(), "{name}");
    }
    for name in &names {
        let trace = Trace::parse(std::fs::read(folder.join(name)).expect("a trace")).expect("whole");
        let replayed = replay(&trace).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(replayed.finished && replayed.inputs > 10, "{name}: {replayed:?}");
    }
    std::fs::remove_dir_all(&folder).expect("nothing is left");
}

/// For chunks of several sizes: whether their memory is theirs alone, and whether it can be given away.
const MEMORY: &str = r"
    const net = require('net');
    const path = `${process.argv[1]}/s`;
    const sizes = [1, 64, 4096, 4097, 60000];
    const said = [];
    const server = net.createServer((socket) => socket.end(Buffer.alloc(sizes[said.length], 7))).listen(path, next);
    function next() {
      if (said.length === sizes.length) {
        console.log(said.join('\n'));
        return server.close();
      }
      net.connect(path).once('data', function(chunk) {
        const { length, buffer } = chunk;
        const whole = length === sizes[said.length] && chunk.every((byte) => byte === 7);
        const alone = buffer.byteLength === length;
        try { structuredClone(buffer, { transfer: [buffer] }); } catch {}
        said.push(`${length} ${whole} ${alone} ${chunk.length === 0}`);
        this.destroy();
        next();
      });
    }
";

#[test]
fn d82_a_small_chunk_inside_node_is_part_of_a_block() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !has_node_20() || !root.join("tests/node/netfold.node").exists() {
        return skipped("the machine inside Node needs Node 20 on the path and the addon (tests/node/build)");
    }
    let folder = std::env::temp_dir().join(format!("nf-in-node-memory-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let said = |register: bool| {
        let mut node = Command::new("node");
        if register {
            node.arg("-r").arg(root.join("tests/node/register.js").canonicalize().expect("the register"));
        }
        let ran = node.arg("-e").arg(MEMORY).arg(&folder).output().expect("node runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).expect("text")
    };
    let own = ["1", "64", "4096", "4097", "60000"].map(|size| format!("{size} true true true\n"));
    assert_eq!(said(false), own.concat(), "Node's own");
    let shared = ["1", "64", "4096"].map(|size| format!("{size} true false false\n"));
    assert_eq!(said(true), [&shared[..], &own[3..]].concat().concat());
    std::fs::remove_dir_all(&folder).expect("nothing is left");
}
