//! What can be seen of sockets and servers without a command.

use crate::commands::{kind, kind_name, target};
use crate::host::{host, server_id, socket_id};
use crate::js::{Env, Thrown};
use napi_sys::napi_value;
use netfold_core::{Inside, SharedError};

type Given = Result<napi_value, Thrown>;

/// A property's value before it is one of JavaScript's.
enum Seen {
    Nothing,
    Null,
    Flag(bool),
    Number(f64),
    Word(&'static str),
    Error(SharedError),
    List(Vec<String>),
}

fn seen(env: Env, value: Seen) -> Given {
    Ok(match value {
        Seen::Nothing => env.undefined(),
        Seen::Null => env.null(),
        Seen::Flag(on) => env.bool(on),
        Seen::Number(number) => env.number(number),
        Seen::Word(word) => env.text(word),
        Seen::Error(error) => env.error(&error)?,
        Seen::List(list) => env.array(&list.iter().map(|item| env.text(item)).collect::<Vec<_>>()),
    })
}

/// `socketGet(id, property)`: the properties are numbered as `net.js` has them.
pub(crate) fn socket_get(env: Env, args: &[napi_value]) -> Given {
    let (id, property) = (socket_id(env.f64(args[0])), env.u32(args[1]));
    let value = host(|h| {
        let core = h.machine.core();
        let Some(view) = core.socket(id) else { return Seen::Nothing };
        let number = |n: u64| Seen::Number(n as f64);
        match property {
            0 => Seen::Flag(view.connecting()),
            1 => Seen::Flag(view.pending()),
            2 => Seen::Flag(view.destroyed()),
            3 => Seen::Word(view.ready_state().as_str()),
            4 => view.buffer_size().map_or(Seen::Nothing, number),
            5 => number(view.bytes_read()),
            6 => number(view.bytes_written()),
            7 => view.timeout().map_or(Seen::Nothing, Seen::Number),
            8 => Seen::Flag(view.readable()),
            9 => view.readable_flowing().map_or(Seen::Null, Seen::Flag),
            10 => view.readable_encoding().map_or(Seen::Null, |encoding| Seen::Word(encoding.name())),
            11 => number(view.readable_length()),
            12 => number(u64::from(view.readable_high_water_mark())),
            13 => Seen::Flag(view.readable_ended()),
            14 => Seen::Flag(view.is_paused()),
            15 => Seen::Flag(view.writable()),
            16 => number(view.writable_length()),
            17 => number(u64::from(view.writable_high_water_mark())),
            18 => Seen::Flag(view.writable_need_drain()),
            19 => Seen::Flag(view.writable_ended()),
            20 => Seen::Flag(view.writable_finished()),
            21 => number(u64::from(view.writable_corked())),
            22 => Seen::Flag(view.has_ref()),
            23 => view.errored_shared().map_or(Seen::Null, Seen::Error),
            24 => Seen::Flag(view.closed()),
            25 => view.attempted_addresses().map_or(Seen::Nothing, |list| {
                let text = |addr: &std::net::SocketAddr| match addr {
                    std::net::SocketAddr::V4(v4) => v4.to_string(),
                    std::net::SocketAddr::V6(v6) => format!("{}:{}", v6.ip(), v6.port()),
                };
                Seen::List(list.iter().map(text).collect())
            }),
            26 => Seen::Flag(view.allow_half_open()),
            28 => Seen::Flag(view.readable_aborted()),
            29 => Seen::Flag(view.readable_did_read()),
            30 => view.kind().map_or(Seen::Nothing, |kind| Seen::Word(kind_name(kind))),
            27 => Seen::Flag(core.handle_of(id).is_some()),
            45 => Seen::Flag(view.write_refused()),
            46 => Seen::Flag(view.data_listening()),
            31.. => inside(view.inside(), property),
        }
    });
    seen(env, value)
}

/// What the streams of Node know of themselves, as `state.js` numbers it.
fn inside(of: Inside, property: u32) -> Seen {
    Seen::Flag(match property {
        31 => of.ended,
        32 => of.reading,
        33 => of.sync,
        34 => of.need_readable,
        35 => of.emitted_readable,
        36 => of.resume_scheduled,
        37 => of.reading_more,
        38 => of.readable_listening,
        39 => of.error_emitted,
        40 => of.close_emitted,
        41 => return Seen::Number(f64::from(of.pending_callbacks)),
        42 => of.writing,
        43 => of.final_called,
        44 => of.prefinished,
        _ => return Seen::Nothing,
    })
}

/// `serverGet(id, property)`
pub(crate) fn server_get(env: Env, args: &[napi_value]) -> Given {
    let (id, property) = (server_id(env.f64(args[0])), env.u32(args[1]));
    let value = host(|h| {
        let Some(view) = h.machine.core().server(id) else { return Seen::Nothing };
        match property {
            0 => Seen::Flag(view.listening),
            1 => Seen::Number(f64::from(view.connections)),
            2 => view.kind.map_or(Seen::Nothing, |kind| Seen::Word(kind_name(kind))),
            _ => Seen::Nothing,
        }
    });
    seen(env, value)
}

/// `listenerCount(id, isServer, kind)`: the machine's own steps are counted, as in Node.
pub(crate) fn listener_count(env: Env, args: &[napi_value]) -> Given {
    let (target, kind) = (target(env, args[0], args[1]), kind(env, args[2]));
    Ok(env.number(host(|h| h.machine.core().listener_count(target, kind)) as f64))
}

/// What the addon has done, as `[name, number, ..]`.
pub(crate) fn counters(env: Env, _: &[napi_value]) -> Given {
    let list = host(|h| {
        let (c, census) = (&h.counters, h.machine.core().census());
        [
            ("commands", c.commands),
            ("steps", c.steps),
            ("calls", c.calls),
            ("completions", c.completions),
            ("phases", c.phases),
            ("ticks", c.ticks),
            ("emits", c.emits),
            ("socketsLeft", census.sockets as u64),
            ("serversLeft", census.servers as u64),
            ("handlesLeft", census.handles as u64),
        ]
    });
    let items: Vec<_> = list.iter().flat_map(|(name, number)| [env.text(name), env.number(*number as f64)]).collect();
    Ok(env.array(&items))
}
