//! What the machine emits, as calls of `net.js`.

use crate::host::{face, host, pack};
use crate::js::{Env, Thrown};
use napi_sys::napi_value;
use netfold_core::{Attempt, Emit, Event, ListenerId, SharedError, Target, ip_text};
use std::net::SocketAddr;

/// The listener of ours that hears every event, and calls `emit`.
pub(crate) const TAP: ListenerId = ListenerId(0);

pub(crate) fn emit(env: Env, emit: Emit) -> Result<(), Thrown> {
    match emit {
        Emit::Listener { target, listener: TAP, event, .. } => tap(env, target, event),
        Emit::Listener { listener: ListenerId(id), .. } => {
            if host(|h| h.is_swallowed()) {
                return Ok(());
            }
            env.call(face(|f| f.listener), &[env.int(id)]).map(drop)
        }
        Emit::Callback { callback, error, .. } => {
            let args = [env.int(callback.0), maybe(env, error.as_ref())?];
            env.call(face(|f| f.callback), &args).map(drop)
        }
        Emit::Connections { callback, count, .. } => {
            env.call(face(|f| f.connections), &[env.int(callback.0), env.int(count)]).map(drop)
        }
        Emit::Resolve { socket, lookup, host, family, hints, all } => {
            let args = [
                env.int(socket.slot()),
                env.number(pack(lookup.slot(), lookup.generation())),
                env.text(&host),
                env.int(u32::from(family)),
                env.int(hints),
                env.bool(all),
            ];
            env.call(face(|f| f.resolve), &args).map(drop)
        }
        Emit::Read { socket, bytes } => {
            let args = [env.int(socket.slot()), env.buffer(&bytes)];
            env.call(face(|f| f.read), &args).map(drop)
        }
        Emit::Unhandled { error, .. } => Err(Some(env.error(&error)?)),
        Emit::Timer { .. } => Ok(()),
    }
}

/// Calls the `emit` of the socket or server, which goes on with the listeners.
fn tap(env: Env, target: Target, event: Event) -> Result<(), Thrown> {
    let (slot, server) = match target {
        Target::Socket(id) => (id.slot(), false),
        Target::Server(id) => (id.slot(), true),
    };
    host(|h| h.emission_begins());
    let mut args = vec![env.int(slot), env.bool(server), env.int(event.kind() as u32)];
    arguments(env, event, &mut args)?;
    let went_on = env.call(face(|f| f.emit), &args)?;
    if !env.flag(went_on) {
        host(|h| h.swallow());
    }
    Ok(())
}

fn maybe(env: Env, error: Option<&SharedError>) -> Result<napi_value, Thrown> {
    error.map_or_else(|| Ok(env.null()), |error| env.error(error))
}

fn arguments(env: Env, event: Event, args: &mut Vec<napi_value>) -> Result<(), Thrown> {
    match event {
        Event::Data(bytes) => args.push(env.buffer(&bytes)),
        Event::Text(text) => args.push(env.text(&text)),
        Event::Error(error) => args.push(env.error(&error)?),
        Event::Close(Some(had_error)) => args.push(env.bool(had_error)),
        Event::ServerClose(Some(error)) => args.push(env.error(&error)?),
        Event::Connection(socket) => args.push(env.number(pack(socket.slot(), socket.generation()))),
        Event::Lookup(lookup) => {
            let err = lookup.result.as_ref().err();
            args.push(maybe(env, err)?);
            args.push(env.optional(lookup.address().as_deref()));
            args.push(lookup.family().map_or_else(|| env.undefined(), |family| env.int(family)));
            args.push(env.text(&lookup.host));
        }
        Event::ConnectionAttempt(attempt) => attempted(env, &attempt, args),
        Event::ConnectionAttemptFailed(failed) => {
            attempted(env, &failed.0, args);
            args.push(env.error(&failed.1)?);
        }
        Event::ConnectionAttemptTimeout(addr) => attempted(env, &Attempt::Tcp(addr), args),
        Event::Drop(Some(info)) => {
            args.push(info.local.map_or_else(|| env.undefined(), |addr| address(env, addr)));
            args.push(info.remote.map_or_else(|| env.undefined(), |addr| address(env, addr)));
        }
        _ => {}
    }
    Ok(())
}

fn attempted(env: Env, attempt: &Attempt, args: &mut Vec<napi_value>) {
    match attempt {
        Attempt::Tcp(addr) => {
            args.push(env.text(&ip_text(addr.ip())));
            args.push(env.int(u32::from(addr.port())));
            args.push(env.int(if addr.is_ipv4() { 4 } else { 6 }));
        }
        Attempt::Path(path) => {
            args.extend([env.text(path), env.undefined(), env.undefined()]);
        }
    }
}

/// An address as `[address, port, family]`.
pub(crate) fn address(env: Env, addr: SocketAddr) -> napi_value {
    let ip = match addr {
        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
        addr => ip_text(addr.ip()),
    };
    env.array(&[env.text(&ip), env.int(u32::from(addr.port())), env.text(if addr.is_ipv4() { "IPv4" } else { "IPv6" })])
}
