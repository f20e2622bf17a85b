// What the programs of these pages stand on: two loops on two computers of a simulated world, 10 ms from each other, and one
// log of both, the client's on the left.

use netfold_sim::{Chooser, Process, Programs, World, WorldOptions};

#[derive(Clone)]
struct Log {
    column: usize,
    text: std::rc::Rc<std::cell::RefCell<String>>,
}

type Loop = netfold::Net<Log, Process>;

/// Logs a line, with the time.
#[allow(dead_code, reason = "no program uses all of it")]
fn say(net: &mut Loop, text: impl AsRef<str>) {
    let (now, column) = (net.now(), net.state.column);
    *net.state.text.borrow_mut() += &format!("{now:>5} ms  {:column$}{}\n", "", text.as_ref());
}

/// Logs each event of a socket. Its listener of 'data' lets the socket flow.
#[allow(dead_code, reason = "no program uses all of it")]
fn watch(net: &mut Loop, socket: netfold::Socket) {
    use netfold::EventKind::*;
    for kind in [Connect, Ready, End, Drain, Prefinish, Finish, Timeout, Pause, Resume] {
        socket.on(net, kind, move |net, _, _| say(net, format!("'{}'", kind.name())));
    }
    socket.on(net, Data, |net, _, event| match event {
        netfold::Event::Data(chunk) if chunk.len() < 12 => say(net, format!("'data' {chunk:?}")),
        netfold::Event::Data(chunk) => say(net, format!("'data' {} bytes", chunk.len())),
        _ => {}
    });
    socket.on_error(net, |net, _, error| say(net, format!("'error' {}", error.code())));
    socket.on_close(net, |net, _, had_error| say(net, format!("'close' {had_error:?}")));
}

/// Runs a server's program on 10.0.0.1 and a client's on 10.0.0.2 until both are over. The two of them together keep at most 65,536 bytes
/// that were written and not read.
#[allow(dead_code, reason = "no program uses all of it")]
fn between(server: fn(&mut Loop), client: fn(&mut Loop)) -> Result<String, netfold::NetError> {
    let options = WorldOptions { send_buffer: 32_768, receive_buffer: 32_768, ..WorldOptions::default() };
    let world = World::with(Chooser::calm(), options);
    let (one, two) = (world.computer("one", &["10.0.0.1"]), world.computer("two", &["10.0.0.2"]));
    two.set_latency(10);
    let (mut programs, text) = (Programs::new(&world), std::rc::Rc::default());
    for (name, computer, column, begin) in [("server", one, 28, server), ("client", two, 0, client)] {
        let log = Log { column, text: std::rc::Rc::clone(&text) };
        programs.add(name, &computer, move |process| {
            let mut net = netfold::Net::with_host(log.clone(), process, netfold::Limits::DEFAULT);
            begin(&mut net);
            Box::new(net)
        });
    }
    programs.run(100_000)?;
    assert!(programs.are_over());
    assert_eq!(world.left(), [""; 0]);
    Ok(format!("{:10}client{:22}server\n", "", "") + &text.take())
}
