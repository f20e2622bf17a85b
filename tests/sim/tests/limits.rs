//! What a system has no more of, and what it does not allow.

use netfold::core::HandleKind;
use netfold::{Connect, EventKind, Limits, Listen, LookupCode, Net};
use netfold_sim::{Chooser, Descriptor, Errno, Place, Process, Programs, World};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

type Program = Net<Vec<String>, World>;

fn calm() -> (World, Program) {
    let world = World::new(Chooser::calm());
    (world.clone(), Net::with_host(Vec::new(), world, Limits::DEFAULT))
}

fn log(net: &mut Program, text: impl Into<String>) {
    let text = format!("{} {}", net.now(), text.into());
    net.state.push(text);
}

fn tcp(process: &Process) -> Result<Descriptor, Errno> {
    process.socket(HandleKind::Tcp, false)
}

fn port(port: u16) -> Place {
    Place::Tcp((Ipv4Addr::LOCALHOST, port).into())
}

#[test]
fn a_process_without_descriptors_cannot_connect_nor_listen() {
    let (world, mut net) = calm();
    world.process().limit_descriptors(9);
    let server = net.create_server(|_, _| {});
    server.on_error(&mut net, |net, _, error| log(net, error.to_string()));
    // The one that is left goes for the socket, and none for the spare one.
    server.listen_then(&mut net, ("127.0.0.1", 80), |net, server| {
        let client = net.connect(("127.0.0.1", 80)).expect("a socket");
        client.on_error(net, |net, _, error| log(net, error.to_string()));
        let other = net.create_server(|_, _| {});
        other.on_error(net, |net, _, error| log(net, error.to_string()));
        other.listen(net, ("127.0.0.1", 81)).expect("a server");
        client.on(net, EventKind::Close, move |net, _, _| server.close(net));
    });
    net.run().expect("it ends");
    let mut said = net.state.clone();
    said.sort();
    let expected = ["0 connect EMFILE 127.0.0.1:80", "0 listen EMFILE: too many open files 127.0.0.1:81"];
    assert_eq!(said, expected);
    assert_eq!(world.left(), [""; 0]);
}

#[test]
fn a_server_without_descriptors_sheds_what_waits_and_serves_again_when_there_are() {
    let world = World::new(Chooser::calm());
    let local = world.find("local").expect("it is there");
    let said = Rc::new(RefCell::new(Vec::new()));
    let mut programs = Programs::new(&world);
    let state = said.clone();
    programs.add("server", &local, move |process| {
        let mut net = Net::with_host(state.clone(), process, Limits::DEFAULT);
        let server = net.create_server(|net, _| net.state.borrow_mut().push(format!("{} served", net.now())));
        server.listen(&mut net, ("127.0.0.1", 80)).expect("a server");
        Box::new(net)
    });
    world.set_script("netfold faults 1\n5 descriptors server 0\n50 well".parse().expect("a script"));
    let state = said.clone();
    programs.add("client", &local, move |process| {
        let mut net = Net::with_host(state.clone(), process, Limits::DEFAULT);
        for at in [10.0, 60.0] {
            net.set_timeout(at, |net| {
                let client = net.connect(("127.0.0.1", 80)).expect("a socket");
                client.resume(net);
                for kind in [EventKind::Connect, EventKind::End] {
                    client.on(net, kind, move |net, _, _| {
                        net.state.borrow_mut().push(format!("{} {}", net.now(), kind.name()));
                    });
                }
            });
        }
        Box::new(net)
    });
    programs.run(1_000).expect("nothing fails");
    assert_eq!(*said.borrow(), ["10 connect", "10 end", "60 connect", "60 served"]);
}

#[test]
fn descriptors_of_a_computer_run_out_as_those_of_a_process() {
    let world = World::new(Chooser::calm());
    let process = world.process();
    world.find("local").expect("it is there").limit_descriptors(process.descriptors() + 1);
    let first = tcp(&process).expect("the last");
    assert_eq!(tcp(&process).err(), Some(Errno::ENFILE));
    process.limit_descriptors(process.descriptors());
    assert_eq!(tcp(&process).err(), Some(Errno::EMFILE));
    first.close(false);
    let again = tcp(&process).expect("there is one again");
    assert_eq!(again.accept().err(), Some(Errno::EMFILE), "before it is seen that nobody listens");
    again.close(false);
    assert_eq!(process.descriptors(), 8);
}

#[test]
fn ports_run_out() {
    let world = World::new(Chooser::calm());
    world.find("local").expect("it is there").limit_ports(40_000..40_002);
    let process = world.process();
    let server = tcp(&process).expect("a socket");
    server.bind(&port(80)).expect("bound");
    server.listen(10).expect("it listens");
    let other = tcp(&process).expect("a socket");
    other.bind(&port(81)).expect("bound");
    other.listen(10).expect("it listens");
    let connect = |to: u16| {
        let client = tcp(&process).expect("a socket");
        (client.connect(&port(to)), client)
    };
    let clients = [connect(80), connect(80)];
    assert!(clients.iter().all(|(result, _)| *result == Err(Errno::EINPROGRESS)));
    assert_eq!(connect(80).0, Err(Errno::EADDRNOTAVAIL));
    assert_eq!(connect(81).0, Err(Errno::EINPROGRESS), "to another place a port can be had twice");
    assert_eq!(tcp(&process).expect("a socket").bind(&port(0)), Err(Errno::EADDRINUSE));
    clients[0].1.close(true);
    assert_eq!(connect(80).0, Err(Errno::EINPROGRESS));
}

#[test]
fn a_unix_socket_of_another_user_refuses_until_it_is_opened_to_all() {
    let world = World::new(Chooser::calm());
    let local = world.find("local").expect("it is there");
    let (own, other, root) = (local.process("own"), local.process("other"), local.process("root"));
    other.set_user(2_000);
    root.set_user(0);
    let unix = |process: &Process| process.socket(HandleKind::Pipe, false).expect("a socket");
    let place = Place::Unix("/tmp/own".into());
    let server = unix(&own);
    server.bind(&place).expect("bound");
    assert_eq!(unix(&own).connect(&place), Err(Errno::ECONNREFUSED), "it does not listen yet");
    server.listen(5).expect("it listens");
    assert_eq!(unix(&other).connect(&place), Err(Errno::EACCES));
    assert_eq!(unix(&own).connect(&place), Ok(()));
    assert_eq!(unix(&root).connect(&place), Ok(()));
    local.closed_directory("/etc");
    assert_eq!(unix(&own).bind(&Place::Unix("/etc/mine".into())), Err(Errno::EACCES));
    assert_eq!(unix(&own).bind(&Place::Unix("/none/mine".into())), Err(Errno::ENOENT));
    assert_eq!(unix(&other).bind(&place), Err(Errno::EADDRINUSE));
}

#[test]
fn writable_by_all_lets_other_users_connect() {
    for (writable, expected) in [(false, "EACCES"), (true, "connect")] {
        let world = World::new(Chooser::calm());
        let local = world.find("local").expect("it is there");
        let said = Rc::new(RefCell::new(Vec::new()));
        let mut programs = Programs::new(&world);
        programs.add("server", &local, move |process| {
            let mut net = Net::with_host((), process, Limits::DEFAULT);
            let server = net.create_server(|net, socket| socket.end(net));
            server.listen(&mut net, Listen::from("/tmp/all").writable_all(writable)).expect("a server");
            Box::new(net)
        });
        let state = said.clone();
        programs.add("client", &local, move |process| {
            process.set_user(2_000);
            let mut net = Net::with_host(state.clone(), process, Limits::DEFAULT);
            net.set_timeout(10.0, |net| {
                let client = net.connect("/tmp/all").expect("a socket");
                client.on_error(net, |net, _, error| net.state.borrow_mut().push(error.code().to_string()));
                client.on(net, EventKind::Connect, |net, _, _| net.state.borrow_mut().push("connect".into()));
            });
            Box::new(net)
        });
        programs.run(1_000).expect("nothing fails");
        assert_eq!(*said.borrow(), [expected]);
    }
}

#[test]
fn an_abstract_name_is_gone_with_its_socket_and_leaves_no_file() {
    let world = World::new(Chooser::calm());
    let process = world.process();
    let unix = || process.socket(HandleKind::Pipe, false).expect("a socket");
    let place = Place::Unix("\0name".into());
    assert_eq!(unix().connect(&place), Err(Errno::ECONNREFUSED));
    let server = unix();
    server.bind(&place).expect("bound");
    server.listen(0).expect("it listens");
    assert_eq!(unix().bind(&place), Err(Errno::EADDRINUSE));
    assert_eq!(unix().connect(&place), Ok(()));
    assert_eq!(unix().connect(&place), Err(Errno::EAGAIN), "one more than the backlog waits");
    server.close(false);
    assert_eq!(unix().connect(&place), Err(Errno::ECONNREFUSED));
    assert_eq!(unix().bind(&place), Ok(()));
    assert!(world.left().iter().all(|left| !left.contains("path")));
}

#[test]
fn the_resolver_is_slow_fails_and_knows_many_addresses() {
    let (world, mut net) = calm();
    let far = world.computer("far", &["10.0.0.1", "fd00::1"]);
    let hosts = ["10.0.0.7", "10.0.0.8", "10.0.0.1"].map(|ip| ip.parse::<IpAddr>().expect("an address"));
    world.resolve_late("slow.test", 3_000, Ok(hosts.to_vec()));
    world.resolve("never.test", Err(LookupCode::Fail));
    drop(far);
    for host in ["slow.test", "never.test"] {
        let client = net.connect(Connect::from((host, 80))).expect("a socket");
        client.on_error(&mut net, move |net, _, error| log(net, format!("{host} {}", error.code())));
        client.on(&mut net, EventKind::ConnectionAttemptFailed, move |net, _, _| log(net, "failed"));
    }
    net.run().expect("it ends");
    // The first two have no computer, and the way back from the third one has no address of ours.
    let expected = ["0 never.test EAI_FAIL", "3000 failed", "3000 failed", "3000 failed", "3000 slow.test ENETUNREACH"];
    assert_eq!(net.state, expected);
}

#[test]
fn an_outage_of_the_resolver_ends_when_all_is_well() {
    let (world, mut net) = calm();
    world.set_script("netfold faults 1\n0 resolver-fails EAI_AGAIN\n50 well".parse().expect("a script"));
    for at in [10.0, 60.0] {
        net.set_timeout(at, |net| {
            let client = net.connect(("localhost", 80)).expect("a socket");
            client.on_error(net, |net, _, error| log(net, error.code()));
        });
    }
    net.run().expect("it ends");
    assert_eq!(net.state, ["10 EAI_AGAIN", "60 ECONNREFUSED"]);
}
