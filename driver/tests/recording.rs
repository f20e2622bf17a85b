//! Recording on real sockets: what a trace holds, what becomes of one that cannot be written, and of one whose program is
//! killed.
#![cfg(unix)]

mod common;

use common::{Log, Random, Scratch, alone, assert_clean, descriptors, guarded, hear, long, new, serve};
use netfold::core::trace::{Damage, Input, Kept, Payload, Trace, TraceError, replay};
use netfold::core::{Command as CoreCommand, Completion};
use netfold::{EventKind, Limits, Net, NetError, Recording, ServerOptions, System};
use std::cell::RefCell;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::rc::Rc;

/// A loop recorded into memory.
#[derive(Clone, Default)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn recorded<S>(state: S, recording: Recording) -> Net<S> {
    guarded(Net::recorded(state, recording).unwrap())
}

/// A program with something of everything: echo, a failure that is caught, one that is not, timers, posts.
fn program(net: &mut Net<Log>) {
    let bound = serve(net, ServerOptions::default(), |net, socket| {
        socket.on_error(net, |_, _, _| {});
        common::echo(net, socket);
    });
    for n in 0..8 {
        let client = net.connect(bound.addr()).unwrap();
        hear(net, client, "c", &[EventKind::Connect, EventKind::Data, EventKind::End, EventKind::Close]);
        client.write(net, format!("secret number {n}"));
        client.once(net, EventKind::Data, move |net, client, _| match n % 4 {
            0 => client.end(net),
            1 => client.reset_and_destroy(net).unwrap(),
            2 => client.end_with(net, vec![b's'; 200_000]),
            _ => {
                net.set_timeout(5.0, move |net| client.destroy(net));
                panic!("a listener fails");
            }
        });
        client.on_close(net, move |net, _, _| {
            if net.state.iter().filter(|line| line.starts_with("c close")).count() == 8 {
                bound.server.close(net);
            }
        });
    }
    let poster = net.poster();
    std::thread::spawn(move || poster.post(|net| net.next_tick(|net| net.state.push("posted".into()))));
    loop {
        match net.run() {
            Ok(()) => break,
            Err(NetError::Panicked(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// What a running loop has done is where it is kept before it sleeps for long; and at once when it is asked for.
#[test]
fn a_loop_that_rests_has_saved_what_it_did() {
    let _alone = alone();
    let memory = Memory::default();
    let mut net = recorded(0, Recording::to(memory.clone()));
    let inputs = |memory: &Memory| Trace::parse(memory.0.borrow().clone()).map_or(0, |trace| trace.records().count());
    let saved = memory.clone();
    net.set_timeout(1.0, move |net| {
        net.state = inputs(&saved);
        // It is asked for, and is there with all that the turn did up to here.
        net.flush_recording().unwrap();
        let now = inputs(&saved);
        assert!(now > net.state);
        net.flush_recording().unwrap();
        assert_eq!(inputs(&saved), now, "nothing was done meanwhile");
        let saved = saved.clone();
        // So long a rest, and nothing comes in it.
        net.set_timeout(1000.0, move |net| {
            assert!(inputs(&saved) > now, "the first turn had more to tell");
            net.state = usize::MAX;
        });
    });
    net.run().unwrap();
    assert_eq!(net.state, usize::MAX);
}

/// A recorded run replays identically, whatever is kept of the payloads; by default no byte of them is in the file.
#[test]
fn a_recorded_run_replays_identically() {
    let _alone = alone();
    let ways = [
        (Payload::Length, Payload::Length, Kept::Length),
        (Payload::Full, Payload::Full, Kept::Full),
        (Payload::First(6), Payload::Length, Kept::First(6)),
    ];
    for (read, written, kept) in ways {
        let memory = Memory::default();
        let mut net = recorded(Log::new(), Recording::to(memory.clone()).payload(read, written));
        program(&mut net);
        assert!(net.state.contains(&"posted".to_string()));
        assert_clean(&mut net, 1);
        let whole = memory.0.borrow().clone();
        net.finish_recording().unwrap();
        net.finish_recording().unwrap();
        // It was all there before the end but for the end itself.
        assert!(memory.0.borrow().len() - whole.len() < 100);
        let trace = Trace::parse(memory.0.borrow().clone()).unwrap();
        assert_eq!((trace.finished(), trace.torn(), trace.header().read), (true, None, kept));
        let replayed = replay(&trace).unwrap();
        assert!(replayed.finished && replayed.inputs > 300, "{replayed:?}");
        assert_eq!(replay(&Trace::parse(whole).unwrap()).map(|r| r.finished), Ok(false));
        // What was kept is what came.
        let holds = |needle: &[u8]| memory.0.borrow().windows(needle.len()).any(|w| w == needle);
        assert_eq!(holds(b"secret"), kept != Kept::Length, "{kept:?}");
        assert_eq!(holds(b"secret number"), kept == Kept::Full, "{kept:?}");
        let mut bytes = (0, 0);
        for record in trace.records() {
            match record.unwrap().input {
                Input::Completion(Completion::Read(_, chunk)) => bytes.0 += chunk.len(),
                Input::Command(CoreCommand::Write(..) | CoreCommand::End(_, Some(_), _)) => bytes.1 += 1,
                _ => {}
            }
        }
        assert!(bytes.0 > 400_000 && bytes.1 >= 18, "{bytes:?}");
    }
}

/// Dropping the loop ends the trace, in the middle of everything too.
#[test]
fn a_dropped_loop_ends_its_trace() {
    let _alone = alone();
    let memory = Memory::default();
    let mut net = recorded(Log::new(), Recording::to(memory.clone()));
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    let client = net.connect(bound.addr()).unwrap();
    client.write(&mut net, "x");
    net.next_tick(|_| {});
    drop(net);
    let trace = Trace::parse(memory.0.borrow().clone()).unwrap();
    assert!(trace.finished());
    assert!(replay(&trace).unwrap().finished);
}

/// A file of its own is for its owner alone, an old one too, whatever the umask; a device is left as it is.
#[test]
fn the_file_is_its_owners_alone() {
    let _alone = alone();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = Scratch::new("mode");
    fs::write(&file.0, vec![7; 100_000]).unwrap();
    fs::set_permissions(&file.0, fs::Permissions::from_mode(0o644)).unwrap();
    for _ in 0..2 {
        let mut net = recorded(Log::new(), Recording::create(&file.0).unwrap());
        assert_eq!(mode(&file.0), 0o600);
        net.next_tick(|_| {});
        net.run().unwrap();
        drop(net);
        let trace = Trace::parse(fs::read(&file.0).unwrap()).unwrap();
        assert!(replay(&trace).unwrap().finished);
        fs::remove_file(&file.0).unwrap();
    }
    // A link to a device of ours to try it with: a pipe.
    let pipe = Scratch::new("pipe");
    let made = Command::new("mkfifo").args(["-m", "644"]).arg(&pipe.0).status();
    if made.is_ok_and(|status| status.success()) {
        let path = pipe.0.clone();
        let reader = std::thread::spawn(move || fs::read(path).unwrap());
        let mut net = recorded(Log::new(), Recording::create(&pipe.0).unwrap());
        net.run().unwrap();
        drop(net);
        assert_eq!(mode(&pipe.0), 0o644);
        assert!(Trace::parse(reader.join().unwrap()).unwrap().finished());
    } else {
        println!("SKIPPED: no mkfifo here");
    }
}

/// A folder that is missing, a folder in place of the file, one that cannot be written to: an error at once, with no loop.
#[test]
fn a_file_that_cannot_be_made() {
    let _alone = alone();
    let folder = Scratch::new("folder");
    let missing = Recording::create(folder.0.join("trace")).expect_err("no such folder");
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    fs::create_dir(&folder.0).unwrap();
    assert_eq!(Recording::create(&folder.0).expect_err("a folder").kind(), io::ErrorKind::IsADirectory);
    fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o500)).unwrap();
    match Recording::create(folder.0.join("trace")) {
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied),
        // Nothing stops the superuser but a file system that is read-only as a whole.
        Ok(_) => match Recording::create("/proc/netfold.trace").or_else(|_| Recording::create("/sys/netfold.trace")) {
            Err(error) => println!("as root: {error}"),
            Ok(_) => panic!("a file in /sys"),
        },
    }
}

/// A full disk: `run` says so with `NetError::Trace`, once, and nothing of the program is lost; it goes on unrecorded.
#[test]
fn a_full_disk() {
    let _alone = alone();
    if !std::path::Path::new("/dev/full").exists() {
        println!("SKIPPED: no /dev/full here");
        return;
    }
    let mode = fs::metadata("/dev/full").unwrap().permissions().mode();
    for embedded in [false, true] {
        let mut net = recorded(Log::new(), Recording::create("/dev/full").unwrap());
        let server = net.create_server(common::echo);
        server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| {
            let port = server.port(net).unwrap();
            let client = net.connect(("127.0.0.1", port)).unwrap();
            hear(net, client, "c", &[EventKind::Connect, EventKind::End, EventKind::Close]);
            client.end_with(net, "x");
            client.resume(net);
            client.on_close(net, move |net, _, _| server.close(net));
        });
        let mut told = 0;
        loop {
            let ran = if embedded { common::step(&mut net) } else { net.run().map(|()| false) };
            match ran {
                Ok(true) => {}
                Ok(false) => break,
                Err(NetError::Trace(error)) => {
                    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
                    told += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((told, &net.state[..]), (1, &["c connect", "c end", "c close Some(false)"].map(String::from)[..]));
        net.finish_recording().unwrap();
        assert_clean(&mut net, 1);
    }
    assert_eq!(fs::metadata("/dev/full").unwrap().permissions().mode(), mode);
}

/// A disk that is full after so many bytes.
struct Full(Memory, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.1);
        if count == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1 -= count;
        self.0.write(&bytes[..count])
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A disk that fills at any byte: what is on it is a trace with a torn tail, whose prefix replays; the failure is told
/// once, after a listener's that came with it.
#[test]
fn a_disk_that_fills_at_any_byte() {
    let _alone = alone();
    let mut random = Random::new();
    let whole = Memory::default();
    let mut net = recorded(Log::new(), Recording::to(whole.clone()));
    program_with_blocks(&mut net).unwrap();
    drop(net);
    let size = whole.0.borrow().len();
    for _ in 0..40 {
        let (memory, room) = (Memory::default(), random.below(size - 100));
        let mut net = recorded(Log::new(), Recording::to(Full(memory.clone(), room)));
        let mut failed = program_with_blocks(&mut net).is_err() as usize;
        failed += net.finish_recording().is_err() as usize;
        assert_eq!(failed, 1, "{room} of {size}");
        assert_eq!(memory.0.borrow().len(), room, "all that there was room for");
        prefix_replays(memory.0.borrow().clone(), room);
    }
    // Both at once.
    let mut net = recorded(Log::new(), Recording::to(Full(Memory::default(), 0)));
    net.next_tick(|_| panic!("first"));
    let Err(NetError::Panicked(panicked)) = net.run() else { panic!("the listener's failure comes first") };
    assert_eq!(panicked.message(), Some("first"));
    assert!(matches!(net.run(), Err(NetError::Trace(_))), "and then the trace's");
    net.run().unwrap();
}

/// A few blocks' worth.
fn program_with_blocks(net: &mut Net<Log>) -> Result<(), NetError> {
    for n in 0..3000 {
        let timer = net.set_timeout(f64::from(n), |_| {});
        net.clear_timer(timer);
    }
    let ran = net.run();
    net.run()?;
    ran
}

/// Whatever is left of a trace is read to its longest valid prefix, which replays; never a panic.
fn prefix_replays(file: Vec<u8>, at: usize) -> u64 {
    let trace = match Trace::parse(file.clone()) {
        Ok(trace) => trace,
        Err(TraceError::Header) => return 0,
        Err(TraceError::NotATrace) if file.is_empty() => return 0,
        Err(error) => panic!("{at}: {error}"),
    };
    if let Some(torn) = trace.torn() {
        assert_eq!(torn.damage, Damage::CutOff, "{at}: {torn}");
        assert_eq!((torn.at + torn.bytes) as usize, file.len());
        // The prefix is a trace of its own, and the longest: it has all whole blocks.
        let prefix = Trace::parse(file[..torn.at as usize].to_vec()).unwrap();
        assert_eq!((prefix.torn(), prefix.inputs()), (None, trace.inputs()));
        assert_eq!(torn.first, trace.inputs());
    }
    let replayed = replay(&trace).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(replayed.inputs, trace.inputs());
    replayed.inputs
}

/// The program that is killed: it echoes with itself for ever and says how far it is. Does nothing unless it is told
/// where to record by [`killed_while_recording`].
#[test]
fn child_that_records() {
    let Some(path) = std::env::var_os("NETFOLD_RECORD_INTO") else { return };
    let mut net = recorded(0u64, Recording::create(path).unwrap().payload(Payload::Full, Payload::Full));
    let bound = serve(&mut net, ServerOptions::default(), common::echo);
    for n in 1..=4usize {
        let client = net.connect(bound.addr()).unwrap();
        client.on_data(&mut net, move |net, client, chunk| {
            net.state += 1;
            println!("echo {}", net.state);
            client.write(net, chunk);
        });
        client.write(&mut net, vec![n as u8; 300 * n]);
    }
    net.run().unwrap();
}

/// Kill -9 while recording, at 12 different moments (200 with NETFOLD_LONG=1): what is on the disk is read to its longest
/// valid prefix and replays. How often and where comes from a printed seed; the moment within it from the system.
#[test]
fn killed_while_recording() {
    let _alone = alone();
    let mut random = Random::new();
    let (rounds, echoes, cuts) = if long() { (200, 3000, 10) } else { (12, 1200, 4) };
    let (mut most, mut torn) = (0, 0);
    for round in 0..rounds {
        let file = Scratch::new("killed");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_records", "--nocapture"])
            .env("NETFOLD_RECORD_INTO", &file.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wanted = random.below(if round % 4 == 0 { 5 } else { echoes });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let echoed = lines.by_ref().map(Result::unwrap).filter(|line| line.contains("echo ")).take(wanted).count();
        assert_eq!(echoed, wanted, "it ended by itself");
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        let bytes = fs::read(&file.0).unwrap_or_default();
        torn += usize::from(Trace::parse(bytes.clone()).is_ok_and(|trace| trace.torn().is_some()));
        let inputs = prefix_replays(bytes.clone(), wanted);
        // At most the blocks that were not finished are missing, 32 KiB of records.
        let kept = bytes.len() as u64;
        assert!(wanted < 500 || inputs > 0 && kept > 32 * 1024, "{wanted} echoes, {inputs} inputs in {kept} bytes");
        most = most.max(inputs);
        // And cut anywhere else, as a system that goes down would.
        for _ in 0..cuts {
            let cut = random.below(bytes.len() + 1);
            assert!(prefix_replays(bytes[..cut].to_vec(), cut) <= inputs);
        }
    }
    println!("killed {rounds} times: {torn} torn in a block, at most {most} inputs replayed");
    assert!(most > 1000);
}

/// Recording takes a file and nothing else, gives it back, and changes nothing of what the program does.
#[test]
fn recording_changes_nothing() {
    let _alone = alone();
    let before = descriptors();
    let file = Scratch::new("same");
    let mut logs = Vec::new();
    for recording in [None, Some(Recording::create(&file.0).unwrap())] {
        let mut net = match recording {
            None => new(Log::new()),
            Some(recording) => recorded(Log::new(), recording),
        };
        let bound = serve(&mut net, ServerOptions::default(), |net, socket| {
            hear(net, socket, "s", &[EventKind::Data, EventKind::End, EventKind::Finish, EventKind::Close]);
            common::echo(net, socket);
        });
        let client = net.connect(bound.addr()).unwrap();
        hear(&mut net, client, "c", &[EventKind::Connect, EventKind::Data, EventKind::End, EventKind::Close]);
        client.write(&mut net, "x");
        client.once(&mut net, EventKind::Data, |net, client, _| client.end(net));
        client.on_close(&mut net, move |net, _, _| bound.server.close(net));
        net.run().unwrap();
        logs.push(net.state.clone());
    }
    assert_eq!(logs[0], logs[1]);
    assert_eq!(descriptors(), before);
}

/// A loop with bounds of its own says so in its trace, and replays within them.
#[test]
fn bounds_are_in_the_trace() {
    let _alone = alone();
    let memory = Memory::default();
    let limits = Limits { sockets: 2, ..Limits::DEFAULT };
    let system = System::new().unwrap();
    let mut net = Net::with_host_recorded((), system, limits, Recording::to(memory.clone()));
    for n in 0..3 {
        assert_eq!(net.socket(Default::default()).is_ok(), n < 2);
    }
    net.run().unwrap();
    drop(net);
    let trace = Trace::parse(memory.0.borrow().clone()).unwrap();
    assert_eq!(trace.header().limits, limits);
    assert!(replay(&trace).unwrap().finished);
}
