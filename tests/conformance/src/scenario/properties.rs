//! What `get` logs.

use super::listeners::own_listeners;
use super::rare::{bound, given_is_open, mode_of_others};
use super::run::{State, Who};
use crate::mask_port;
use netfold::{Address, Host, Net, Server, Socket, SocketView};
use std::net::SocketAddr;

const UNDEFINED: &str = "undefined";

fn or_undefined(value: Option<impl ToString>) -> String {
    value.map_or(UNDEFINED.into(), |value| value.to_string())
}

fn address_text(address: SocketAddr) -> String {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    format!("{family} {} {}", address.ip(), mask_port(address.port()))
}

/// `listeners:EVENT` and `listenerCount:EVENT`
fn listeners<H: Host>(net: &Net<State, H>, actor: usize, property: &str) -> Option<String> {
    let role = &net.state.program.actors[actor].role;
    if let Some(name) = property.strip_prefix("listeners:") {
        return Some(own_listeners(net, actor, role.event(name)?).to_string());
    }
    let event = role.event(property.strip_prefix("listenerCount:")?)?;
    Some(match net.state.cast[actor].who? {
        Who::Socket(socket) => socket.listener_count(net, event).to_string(),
        Who::Server(server) => server.listener_count(net, event).to_string(),
    })
}

pub(super) fn socket_property<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    socket: Socket,
    property: &str,
) -> String {
    match property {
        "address" => socket.address(net).map_or("{}".into(), address_text),
        "localAddress" => or_undefined(socket.local_address(net)),
        "localPort" => or_undefined(socket.local_port(net).map(mask_port)),
        "localFamily" => or_undefined(socket.local_family(net)),
        "remoteAddress" => or_undefined(socket.remote_address(net)),
        "remotePort" => or_undefined(socket.remote_port(net).map(mask_port)),
        "joined" => net.state.journal.bytes_read(actor).to_string(),
        "remoteFamily" => or_undefined(socket.remote_family(net)),
        property => {
            let view = || socket.view(net).map_or(UNDEFINED.into(), |view| seen(&view, property));
            listeners(net, actor, property).unwrap_or_else(view)
        }
    }
}

fn seen(view: &SocketView<'_>, property: &str) -> String {
    match property {
        "readyState" => view.ready_state().as_str().into(),
        "connecting" => view.connecting().to_string(),
        "pending" => view.pending().to_string(),
        "destroyed" => view.destroyed().to_string(),
        "closed" => view.closed().to_string(),
        "readable" => view.readable().to_string(),
        "writable" => view.writable().to_string(),
        "readableFlowing" => view.readable_flowing().map_or("null".into(), |flowing| flowing.to_string()),
        "readableLength" => view.readable_length().to_string(),
        "readableEnded" => view.readable_ended().to_string(),
        "writableLength" => view.writable_length().to_string(),
        "writableNeedDrain" => view.writable_need_drain().to_string(),
        "writableEnded" => view.writable_ended().to_string(),
        "writableFinished" => view.writable_finished().to_string(),
        "writableCorked" => view.writable_corked().to_string(),
        "bytesRead" => view.bytes_read().to_string(),
        "bytesWritten" => view.bytes_written().to_string(),
        "bufferSize" => or_undefined(view.buffer_size()),
        "timeout" => or_undefined(view.timeout()),
        "readableHighWaterMark" => view.readable_high_water_mark().to_string(),
        "writableHighWaterMark" => view.writable_high_water_mark().to_string(),
        // An error has none (D35).
        "erroredCause" => "none".into(),
        "isPaused" => view.is_paused().to_string(),
        "errored" => view.errored().map_or("null".into(), |error| match error.code() {
            "" => "Error".into(),
            code => code.into(),
        }),
        "attempted" => or_undefined(view.attempted_addresses().map(|addresses| {
            let text = |a: &SocketAddr| format!("{}:{}", a.ip(), mask_port(a.port()));
            addresses.iter().map(text).collect::<Vec<_>>().join(",")
        })),
        other => panic!("a socket has no property {other}"),
    }
}

pub(super) fn server_property<H: Host>(
    net: &mut Net<State, H>,
    actor: usize,
    server: Server,
    property: &str,
) -> String {
    match property {
        "listening" => server.listening(net).to_string(),
        "connections" => server.connections(net).to_string(),
        "maxConnections" => or_undefined(net.state.cast[actor].max_connections),
        "address" => match server.address(net) {
            Address::None => "null".into(),
            Address::Tcp(address) => address_text(address),
            Address::Path(path) => path,
        },
        "oldConnections" => server.connections(net).to_string(),
        "bound" => bound(net, server),
        "fd" => given_is_open(net, actor),
        "modeOfOthers" => mode_of_others(net, server),
        property => listeners(net, actor, property).unwrap_or_else(|| panic!("a server has no property {property}")),
    }
}
