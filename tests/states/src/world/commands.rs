//! What the core is told for each call.

use super::World;
use super::actions::Cmd;
use bytes::Bytes;
use netfold_core::{
    CallbackId, Chunk, Command, ConnectTo, EventKind, HostOptions, ListenOn, ListenerId, NodeError, ServerId,
};
use std::sync::Arc;

/// The listener of 'data', and that of 'readable'.
const DATA: ListenerId = ListenerId(1);
const READABLE: ListenerId = ListenerId(2);

impl World {
    pub(super) fn command(&mut self, cmd: Cmd) -> Command {
        if let Some(server) = self.server {
            return self.server_command(server, cmd);
        }
        let s = self.socket.expect("a socket");
        let host = |host: &str, port: i64, each: bool| {
            ConnectTo::Host(HostOptions {
                host: Some(host.into()),
                port: Some(port),
                auto_select_family: Some(each),
                ..HostOptions::default()
            })
        };
        let callback = CallbackId(self.id());
        let on = |event, listener| Command::On { target: s.into(), event, listener, once: false, prepend: false };
        let off = |event, listener| Command::Off { target: s.into(), event, listener };
        match cmd {
            Cmd::ConnectAddress => Command::Connect(s, host("127.0.0.1", 80, true)),
            Cmd::ConnectName => Command::Connect(s, host("name", 80, false)),
            Cmd::ConnectNames => Command::Connect(s, host("name", 80, true)),
            Cmd::ConnectPath => Command::Connect(s, ConnectTo::Path(String::from("/x"))),
            Cmd::ConnectBadly => Command::Connect(s, host("127.0.0.1", 70_000, true)),
            Cmd::Write => Command::Write(s, Chunk::from(Bytes::from_static(b"a")), Some(callback)),
            Cmd::WriteMuch => Command::Write(s, Chunk::from(Bytes::from_static(b"abcdefgh")), Some(callback)),
            Cmd::Cork => Command::Cork(s),
            Cmd::Uncork => Command::Uncork(s),
            Cmd::End => Command::End(s, None, Some(callback)),
            Cmd::Destroy => Command::Destroy(s, None),
            Cmd::DestroyWith => Command::Destroy(s, Some(Arc::new(NodeError::user("on purpose")))),
            Cmd::DestroySoon => Command::DestroySoon(s),
            Cmd::Reset => Command::ResetAndDestroy(s),
            Cmd::OnData => on(EventKind::Data, DATA),
            Cmd::OffData => off(EventKind::Data, DATA),
            Cmd::OnReadable => on(EventKind::Readable, READABLE),
            Cmd::OffReadable => off(EventKind::Readable, READABLE),
            Cmd::Pause => Command::Pause(s),
            Cmd::Resume => Command::Resume(s),
            Cmd::ReadAll => Command::Read(s, None),
            Cmd::ReadNone => Command::Read(s, Some(0)),
            _ => unreachable!("a server's"),
        }
    }

    fn server_command(&mut self, s: ServerId, cmd: Cmd) -> Command {
        let port = |host: Option<&str>| {
            let host = host.map(String::from);
            Command::Listen(s, ListenOn::Port { port: 80, host, backlog: 0, ipv6_only: false })
        };
        match cmd {
            Cmd::Listen => port(None),
            Cmd::ListenAddress => port(Some("127.0.0.1")),
            Cmd::ListenName => port(Some("name")),
            Cmd::Close => Command::CloseServer(s, Some(ListenerId(self.id()))),
            Cmd::Max => Command::SetMaxConnections(s, 1),
            Cmd::DestroyConnection => Command::Destroy(self.connections.remove(0), None),
            _ => unreachable!("a socket's"),
        }
    }
}
