//! What a socket or a server is like at one moment of a trace, for those who look at it.

use netfold::core::{Core, ServerId, SocketId};
use serde_json::{Value, json};

/// Properties by name, in the order in which they are read best.
pub type State = Vec<(&'static str, Value)>;

/// A socket's properties by their names in Node, and its states by theirs in the tables of the project. `None` once it is
/// released.
pub fn socket(core: &Core, id: SocketId) -> Option<State> {
    let view = core.socket(id)?;
    let state = core.socket_state(id)?.name();
    Some(vec![
        ("state", state.into()),
        ("readable", core.readable_state(id)?.name().into()),
        ("writable", core.writable_state(id)?.name().into()),
        ("readyState", view.ready_state().as_str().into()),
        ("bytesRead", view.bytes_read().into()),
        ("bytesWritten", view.bytes_written().into()),
        ("readableLength", view.readable_length().into()),
        ("writableLength", view.writable_length().into()),
        ("readableFlowing", json!(view.readable_flowing())),
        ("writableNeedDrain", view.writable_need_drain().into()),
        ("writableCorked", view.writable_corked().into()),
        ("readableEnded", view.readable_ended().into()),
        ("writableEnded", view.writable_ended().into()),
        ("writableFinished", view.writable_finished().into()),
        ("timeout", json!(view.timeout())),
        ("errored", json!(view.errored().map(|error| error.to_string().escape_debug().to_string()))),
        ("server", json!(view.server().map(|server| server.to_string()))),
    ])
}

/// The same of a server.
pub fn server(core: &Core, id: ServerId) -> Option<State> {
    let view = core.server(id)?;
    Some(vec![
        ("state", core.server_state(id)?.name().into()),
        ("listening", view.listening.into()),
        ("connections", view.connections.into()),
        ("maxConnections", view.max_connections.into()),
    ])
}
