//! `socket.connect(options)` and `net.connect(options)`.

use super::case::{Case, Value, quoted, shown};
use netfold::{Connect, EventKind as E, Family, LookupCode, LookupRequest, Net, Port, SharedError, Socket};

const EVENTS: &[E] = &[E::Lookup, E::ConnectionAttempt, E::Error, E::Close];
const ENDS: &[E] = &[E::Error, E::Close];

/// How a socket is connected.
struct Plan {
    to: Connect,
    events: &'static [E],
    /// With a `lookup` that finds nothing.
    custom: bool,
    /// Destroyed right after the call.
    gone: bool,
}

fn port(value: &Value) -> Option<Port> {
    match value {
        Value::Number(n) => Some(Port::from(*n)),
        Value::Text(text) => Some(Port::from(text.as_str())),
        _ => None,
    }
}

fn here() -> Connect {
    Connect::port(9).host("127.0.0.1")
}

fn at(to: Connect) -> Plan {
    Plan { to, events: EVENTS, custom: false, gone: false }
}

fn named(to: Connect) -> Plan {
    Plan { custom: true, ..at(to) }
}

fn resolved(to: Connect) -> Plan {
    Plan { events: ENDS, gone: true, ..at(to) }
}

/// The options with this one, unless it is left out; `None` if it cannot be said.
fn with<T>(
    value: &Value,
    to: Connect,
    typed: impl FnOnce(&Value) -> Option<T>,
    option: impl FnOnce(Connect, T) -> Connect,
) -> Option<Connect> {
    match value.unless_left_out() {
        None => Some(to),
        Some(value) => typed(value).map(|value| option(to, value)),
    }
}

fn text(value: &Value) -> Option<String> {
    value.text().map(String::from)
}

fn families(value: &Value, to: Connect) -> Option<Connect> {
    match value {
        Value::Undefined => Some(to),
        Value::Text(name) if name == "IPv4" => Some(to.family(Family::Ipv4)),
        Value::Text(name) if name == "IPv6" => Some(to.family(Family::Ipv6)),
        value => value.whole::<u8>().map(|family| to.family(family)),
    }
}

fn plan(argument: &str, value: &Value) -> Option<Plan> {
    let some = || Connect::port(9).host("some.name");
    let local = || Connect::port(9).host("localhost");
    Some(match argument {
        "port" => at(Connect::port(port(value)?).host("127.0.0.1")),
        "port/localAddress" => at(Connect::port(port(value)?).host("127.0.0.1").local_address("foo")),
        "host" => named(with(value, Connect::port(9), text, Connect::host)?),
        "host/resolver" => at(Connect::port(9).host(value.text()?)),
        "host/resolver/one" => at(Connect::port(9).host(value.text()?).family(4)),
        "localAddress" => at(with(value, here(), text, Connect::local_address)?),
        "localAddress/::1" => at(with(value, Connect::port(9).host("::1"), text, Connect::local_address)?),
        "localPort" => at(with(value, here(), Value::long, Connect::local_port)?),
        "localPort/throws" => {
            at(with(value, Connect::port(65536).host("127.0.0.1"), Value::long, Connect::local_port)?)
        }
        "family" => named(families(value, some())?),
        "family/resolver" if *value == Value::Null => resolved(local()),
        "family/resolver" => resolved(families(value, local())?),
        "hints" => named(with(value, some(), Value::whole, Connect::hints)?),
        "hints/resolver" => resolved(with(value, local(), Value::whole, Connect::hints)?),
        "lookup" | "lookup/address" if value.unless_left_out().is_some() => return None,
        "lookup" => resolved(local()),
        "lookup/address" => at(here()),
        "path" if value.unless_left_out().is_none() => at(here()),
        "path" => at(Connect::path(value.text().filter(|path| !path.is_empty())?)),
        "path/alone/refused" => at(Connect::path(value.text()?)),
        "path/alone" => resolved(Connect::path(value.text()?)),
        "autoSelectFamily" => named(with(value, some(), Value::flag, Connect::auto_select_family)?),
        "autoSelectFamilyAttemptTimeout" => {
            named(with(value, some(), Value::long, Connect::auto_select_family_attempt_timeout)?)
        }
        "autoSelectFamilyAttemptTimeout/address" => {
            at(with(value, here(), Value::long, Connect::auto_select_family_attempt_timeout)?)
        }
        "order" => at(order(value.number()? as u8)),
        _ => return None,
    })
}

fn order(at: u8) -> Connect {
    let port = Connect::port(65536).host("127.0.0.1").auto_select_family_attempt_timeout(0);
    let name = Connect::port(9).host("localhost").family(5).hints(1);
    match at {
        0 => port.local_address("foo"),
        1 => port.local_address("::1"),
        2 => name.auto_select_family_attempt_timeout(0),
        _ => name,
    }
}

/// `socket.connect(options)`; `None` if this value cannot be said.
pub fn connect(mut case: Case) -> Option<String> {
    let Plan { to, events, custom, gone } = plan(&case.argument, &case.value)?;
    let socket = case.idle();
    case.follow(socket, events);
    let result = if custom {
        let family = if case.argument == "family" && case.value != Value::Undefined { None } else { Some("undefined") };
        let c = case.c.clone();
        socket.connect_looking_up(&mut case.net, to, move |net, asked: LookupRequest| {
            let family = family.map_or_else(|| asked.family.to_string(), String::from);
            let all = if asked.all { "true" } else { "undefined" };
            c.log(net, format!("asked {} {family} {} {all}", quoted(&asked.host), asked.hints));
            asked.answer(net, Err(LookupCode::NotFound));
        })
    } else {
        socket.connect(&mut case.net, to)
    };
    connected(&mut case, socket, result, gone);
    Some(case.run())
}

fn connected(case: &mut Case, socket: Socket, result: Result<(), SharedError>, gone: bool) {
    if let Err(error) = result {
        case.threw(&error);
        let c = case.c.clone();
        case.net.set_immediate(move |net| c.log(net, format!("connecting {}", socket.connecting(net))));
        return;
    }
    if gone {
        socket.destroy(&mut case.net);
    }
    case.log(format!("ok connecting {}", socket.connecting(&case.net)));
}

/// `net.connect(options)`
pub fn net_connect(mut case: Case) -> Option<String> {
    let value = &case.value;
    let mut destroyed = true;
    let mut show: fn(Socket, &Net<()>) -> String = |_, _| String::new();
    let to = match case.argument.as_str() {
        "timeout" | "timeout/order" => {
            show = |socket, net| format!("timeout {}", socket.timeout(net).map_or("undefined".into(), shown));
            let to = if case.argument == "timeout" { here() } else { Connect::port(65536) };
            with(value, to, Value::number, Connect::timeout)?
        }
        "keepAliveInitialDelay" if *value == Value::Undefined => here().keep_alive(0),
        "keepAliveInitialDelay" => here().keep_alive(value.whole()?),
        "highWaterMark" => {
            show = marks;
            with(value, here(), Value::whole, Connect::high_water_mark)?
        }
        mark if mark.contains("HighWaterMark") => {
            show = marks;
            let to = if mark.ends_with("/both") { here().high_water_mark(5) } else { here() };
            let readable = mark.starts_with("readable");
            let option = if readable { Connect::readable_high_water_mark } else { Connect::writable_high_water_mark };
            with(value, to, Value::whole, option)?
        }
        flag @ ("allowHalfOpen" | "noDelay" | "keepAlive") => {
            show = |socket, net| format!("allowHalfOpen {}", socket.view(net).expect("it is there").allow_half_open());
            let option = match flag {
                "allowHalfOpen" => Connect::allow_half_open,
                "noDelay" => Connect::no_delay,
                _ => |to: Connect, on: bool| if on { to.keep_alive(0) } else { to },
            };
            with(value, here(), Value::flag, option)?
        }
        "signal" | "onread" if value.unless_left_out().is_none() => here(),
        "(first)" => {
            destroyed = false;
            match value {
                Value::Number(n) => Connect::port(*n),
                Value::Text(text) => Connect::from(text.as_str()),
                _ => return None,
            }
        }
        "(port,host)" => with(value, Connect::port(65536), text, Connect::host)?,
        _ => return None,
    };
    match case.net.connect(to) {
        Err(error) => case.threw(&error),
        Ok(socket) => {
            case.follow(socket, if destroyed { ENDS } else { EVENTS });
            if destroyed {
                socket.destroy(&mut case.net);
            }
            case.result(Ok::<_, SharedError>(show(socket, &case.net)));
        }
    }
    Some(case.run())
}

fn marks(socket: Socket, net: &Net<()>) -> String {
    format!("{} {}", socket.readable_high_water_mark(net), socket.writable_high_water_mark(net))
}

/// `new net.Socket({ fd })`, without one.
pub fn new_socket(mut case: Case) -> Option<String> {
    if case.value != Value::Undefined {
        return None;
    }
    let socket = case.idle();
    case.follow(socket, ENDS);
    socket.destroy(&mut case.net);
    case.result(Ok::<_, SharedError>(String::new()));
    Some(case.run())
}

/// What a `lookup` of the user's answers.
pub fn lookup(mut case: Case) -> Option<String> {
    let (what, how) = case.argument.split_once('/').unwrap_or((&case.argument, ""));
    let all = how == "all";
    let mut answer = match what {
        "address" => {
            let address = case.value.text()?.to_string();
            let family = if address.contains(':') { 6 } else { 4 };
            vec![(address, family)]
        }
        "family" => vec![("127.0.0.1".to_string(), case.value.whole()?)],
        "error" if case.value.unless_left_out().is_none() => vec![("127.0.0.1".to_string(), 4)],
        _ => return None,
    };
    match what {
        "address" if all => answer.push(("127.0.0.1".into(), 5)),
        "family" if all => answer.push(("x".into(), 4)),
        _ => {}
    }
    let socket = case.idle();
    case.follow(socket, EVENTS);
    let to = Connect::port(9).host("some.name").auto_select_family(all);
    let result = socket.connect_looking_up(&mut case.net, to, move |net, asked: LookupRequest| {
        let answer: Vec<_> = answer.iter().map(|(address, family)| (address.as_str(), *family)).collect();
        asked.answer_text(net, &answer);
    });
    connected(&mut case, socket, result, false);
    Some(case.run())
}
