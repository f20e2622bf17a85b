//! The feature `serde`: what is plain data goes out and comes back; what comes in from outside is checked like any input.
#![cfg(feature = "serde")]

mod trace_support;

use netfold_core::trace::{Key, Options, Payload, Record, Trace, replay};
use netfold_core::{
    BlockList, Chunk, Command, ConnectTo, DropInfo, Errno, Event, EventKind, Family, HostOptions, Limits, ListenOn,
    ListenOptions, LookupCode, NodeError, Place, ReadText, Resolved, ServerOptions, SocketAddress,
    SocketAddressOptions, SocketId, SocketOptions, SocketState, Target,
};
use serde::de::DeserializeOwned;
use serde_json::{from_str, json, to_string, to_value};
use std::fmt::Debug;
use std::sync::Arc;

/// There and back; what it is as JSON.
fn through<T: serde::Serialize + DeserializeOwned + PartialEq + Debug>(given: T) -> serde_json::Value {
    let text = to_string(&given).unwrap();
    assert_eq!(from_str::<T>(&text).unwrap(), given, "{text}");
    to_value(&given).unwrap()
}

fn refused<T: DeserializeOwned + Debug>(json: &serde_json::Value, why: &str) {
    let error = serde_json::from_value::<T>(json.clone()).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn errors_come_back_as_they_were() {
    let place = Place::Addr { address: "::1".into(), port: 80 };
    let local = Some(("127.0.0.1".into(), 9));
    let errno = Errno::ECONNREFUSED;
    let system = NodeError::System { errno, syscall: "connect", place, local, local_fields: true };
    assert_eq!(
        through(system.clone()),
        json!({ "System": {
            "errno": "ECONNREFUSED", "syscall": "connect", "place": { "Addr": { "address": "::1", "port": 80 } },
            "local": ["127.0.0.1", 9], "local_fields": true,
        } })
    );
    assert_eq!(through(NodeError::WriteAfterEnd), json!("WriteAfterEnd"));
    assert_eq!(through(Errno::Other(7)), json!({ "Other": 7 }));
    through(NodeError::Aggregate(vec![Arc::new(system), Arc::new(NodeError::user("mine"))]));
    through(NodeError::Lookup { code: LookupCode::TryAgain, hostname: "there".into() });
    through(NodeError::OutOfRange { name: "size", range: "<= 1GiB", received: "x".into() });
    through(NodeError::StreamDestroyed("write"));
    Errno::NAMED.iter().for_each(|errno| drop(through(*errno)));
}

/// The words of an error are the machine's own: a strange one is refused, not kept for ever.
#[test]
fn a_strange_word_is_refused() {
    refused::<NodeError>(&json!({ "StreamDestroyed": "spam" }), "unknown word, \"spam\"");
    refused::<NodeError>(&json!({ "Limit": { "name": "spam", "bound": 1 } }), "unknown word, \"spam\"");
    refused::<Errno>(&json!("ESPAM"), "unknown variant");
}

#[test]
fn lists_and_addresses_are_checked_as_node_checks_them() {
    let mut list = BlockList::new();
    list.add_address("1.2.3.4").unwrap();
    list.add_range(("2001:db8::", Family::Ipv6), ("2001:db8::ff", Family::Ipv6)).unwrap();
    list.add_subnet("10.0.0.0", 8).unwrap();
    assert_eq!(
        through(list.clone()),
        json!([
            { "Address": "1.2.3.4" }, { "Range": ["2001:db8::", "2001:db8::ff"] }, { "Subnet": ["10.0.0.0", 8] }
        ])
    );
    let back: BlockList = from_str(&to_string(&list).unwrap()).unwrap();
    assert!(back.check("10.9.9.9") && back.check(("2001:db8::7", Family::Ipv6)) && !back.check("11.0.0.0"));
    refused::<BlockList>(&json!([{ "Range": ["1.1.1.2", "1.1.1.1"] }]), "must come before end");
    refused::<BlockList>(&json!([{ "Subnet": ["1.1.1.2", 33] }]), "out of range");
    refused::<BlockList>(&json!([{ "Address": "1.1.1" }]), "invalid");

    let options =
        SocketAddressOptions { address: Some("::1".into()), family: Family::Ipv6, port: 80, flowlabel: 0xf_ffff };
    let address = SocketAddress::new(&options).unwrap();
    assert_eq!(through(address), json!({ "address": "::1", "family": "Ipv6", "port": 80, "flowlabel": 0xf_ffff }));
    through(SocketAddress::parse("127.0.0.1:1").unwrap());
    refused::<SocketAddress>(&json!({ "family": "Ipv6", "flowlabel": 0x10_0000 }), "out of range");
    refused::<SocketAddress>(&json!({ "port": 65536 }), "should be >= 0 and < 65536");
    refused::<SocketAddress>(&json!({ "address": "::1" }), "Invalid socket address");
}

/// A file of settings need only name what it sets.
#[test]
fn options_have_their_defaults() {
    assert_eq!(from_str::<SocketOptions>("{}").unwrap(), SocketOptions::default());
    assert_eq!(from_str::<ServerOptions>("{}").unwrap(), ServerOptions::default());
    assert_eq!(from_str::<ListenOptions>("{}").unwrap(), ListenOptions::default());
    assert_eq!(from_str::<HostOptions>("{}").unwrap(), HostOptions::default());
    assert_eq!(from_str::<Limits>("{}").unwrap(), Limits::DEFAULT);
    let set: ServerOptions = from_str(r#"{ "socket": { "no_delay": true }, "pause_on_connect": true }"#).unwrap();
    assert!(set.socket.no_delay && set.socket.readable && set.pause_on_connect);
    let limits: Limits = from_str(r#"{ "write_buffer": 5 }"#).unwrap();
    assert_eq!(limits, Limits { write_buffer: Some(5), ..Limits::DEFAULT });
}

#[test]
fn events_states_and_commands_go_there_and_back() {
    let id = SocketId::from_parts(3, 7);
    assert_eq!(through(id), json!({ "slot": 3, "generation": 7 }));
    assert_eq!(through(Event::Text(ReadText::from("né"))), json!({ "Text": "né" }));
    through(Event::Data(b"\0\xff".as_slice().into()));
    through(Event::Drop(Some(Box::new(DropInfo { local: None, remote: Some(([1, 2, 3, 4], 5).into()) }))));
    through(Event::Close(Some(false)));
    EventKind::ALL.iter().for_each(|kind| drop(through(*kind)));
    SocketState::ALL.iter().for_each(|state| drop(through(*state)));
    through(Resolved::Text { address: "?".into(), family: 9 });
    through(ListenOn::Path { path: "/tmp/x".into(), backlog: 1 });
    through(Command::Connect(id, ConnectTo::Host(HostOptions { port: Some(80), ..HostOptions::default() })));
    through(Command::Write(id, Chunk::from(netfold_core::Bytes::from_static(b"x")), None));
    through(Command::SetBlockList(Target::Socket(id), Some(Arc::new(BlockList::new()))));
}

/// Every input of a trace, as a program would put it into a file of its own.
#[test]
fn records_of_a_trace_go_there_and_back() {
    for payload in [Payload::Length, Payload::Full, Payload::Hash(Key::new([7; 16]))] {
        let options = Options { read: payload, written: payload, ..Options::default() };
        let trace = Trace::parse(trace_support::sample(options)).unwrap();
        through(trace.header().clone());
        let records: Vec<Record> = trace.records().map(Result::unwrap).collect();
        assert!(records.len() > 50);
        records.into_iter().for_each(|record| drop(through(record)));
        through(replay(&trace).unwrap());
    }
}
