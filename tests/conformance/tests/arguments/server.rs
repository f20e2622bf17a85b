//! `net.createServer(options)` and the methods of a server.

use super::case::{Case, Value};
use netfold::core::DEFAULT_HIGH_WATER_MARK;
use netfold::{Address, EventKind as E, Listen, Net, NodeError, Server, ServerOptions, SharedError, SocketOptions};

/// `net.createServer(options)`; `None` if this value cannot be said.
pub fn create_server(mut case: Case) -> Option<String> {
    let socket = SocketOptions::default();
    let options = |socket| ServerOptions { socket, ..ServerOptions::default() };
    let (options, shown) = match case.argument.as_str() {
        "highWaterMark" => {
            let high_water_mark = match case.value {
                Value::Undefined => None,
                _ => Some(case.value.whole()?),
            };
            let shown = high_water_mark.unwrap_or(DEFAULT_HIGH_WATER_MARK);
            (options(SocketOptions { high_water_mark, ..socket }), format!("mark {shown}"))
        }
        "(options)" if case.value == Value::Undefined => (ServerOptions::default(), String::new()),
        flag => {
            let on = match case.value {
                Value::Undefined => false,
                _ => case.value.flag()?,
            };
            let options = match flag {
                "allowHalfOpen" => options(SocketOptions { allow_half_open: on, ..socket }),
                "noDelay" => options(SocketOptions { no_delay: on, ..socket }),
                "keepAlive" => options(SocketOptions { keep_alive: on, ..socket }),
                "pauseOnConnect" => ServerOptions { pause_on_connect: on, ..options(socket) },
                _ => return None,
            };
            (options, on.to_string())
        }
    };
    case.net.server(options);
    case.result(Ok::<_, SharedError>(shown));
    Some(case.run())
}

fn port(value: &Value) -> Option<Listen> {
    match value {
        Value::Number(n) => Some(Listen::port(*n)),
        Value::Text(text) => Some(Listen::port(text.as_str())),
        _ => None,
    }
}

fn wanted(argument: &str, value: &Value) -> Option<Listen> {
    let here = || Listen::port(0).host("127.0.0.1");
    Some(match argument {
        "port" => port(value)?.host("127.0.0.1"),
        "port/all" => port(value)?,
        "host/resolver" => Listen::port(0).host(value.text()?),
        "host" => match value.unless_left_out() {
            None => Listen::port(0),
            Some(value) => Listen::port(0).host(value.text()?),
        },
        "ipv6Only" => match value.unless_left_out() {
            None => Listen::port(0).host("::1"),
            Some(value) => Listen::port(0).host("::1").ipv6_only(value.flag()?),
        },
        "ipv6Only/all" => Listen::port(0).ipv6_only(value.flag()?),
        "backlog" | "backlog/(port,host,backlog)" => match value.unless_left_out() {
            None => here(),
            Some(value) => here().backlog(value.whole::<i64>()?),
        },
        // 0 is none given.
        "backlog/path" => Listen::path("").backlog(value.whole::<i64>().filter(|backlog| *backlog > 0)?),
        "path" => Listen::path(value.text()?),
        all if all.contains("ableAll") => {
            let on = Listen::path(if all.ends_with("/abstract") { "\0nf" } else { "/nf-no-such-folder/x" });
            let option = if all.starts_with("readable") { Listen::readable_all } else { Listen::writable_all };
            match value.unless_left_out() {
                None => on,
                Some(value) => option(on, value.flag()?),
            }
        }
        "signal" | "exclusive" if *value == Value::Undefined => here(),
        "(first)" => match value {
            Value::Number(n) => Listen::port(*n),
            Value::Text(text) => Listen::from(text.as_str()),
            _ => return None,
        },
        "order" if *value == Value::Number(0.0) => Listen::port(65536).host("no such host"),
        _ => return None,
    })
}

fn shown(address: &Address) -> String {
    match address {
        Address::None => "null".into(),
        Address::Tcp(a) => {
            let family = if a.is_ipv4() { "IPv4" } else { "IPv6" };
            format!("{} {family}{}", a.ip(), a.port() > 0)
        }
        Address::Path(path) => super::case::quoted(path),
    }
}

/// `server.listen(options)`
pub fn listen(mut case: Case) -> Option<String> {
    if case.argument == "port/again" {
        return again(case);
    }
    let on = wanted(&case.argument, &case.value)?;
    let server = case.net.create_server(|_, _| {});
    case.follow_server(server);
    let c = case.c.clone();
    server.on_listening(&mut case.net, move |net, server| {
        let address = server.address(net);
        c.log(net, format!("listening {}", shown(&address)));
        server.close(net);
    });
    let result = server.listen(&mut case.net, on);
    let shown = result.map(|()| format!("listening {}", server.listening(&case.net)));
    case.result(shown);
    Some(case.run())
}

fn again(mut case: Case) -> Option<String> {
    let on = match &case.value {
        Value::Text(text) => Listen::from(text.as_str()),
        value => Listen::port(value.number()?),
    };
    let server = case.net.create_server(|_, _| {});
    server.listen(&mut case.net, Listen::port(0)).expect("a port");
    let result = server.listen(&mut case.net, on);
    server.close(&mut case.net);
    case.result(result.map(|()| String::new()));
    Some(case.run())
}

fn is_function(value: &Value) -> bool {
    matches!(value, Value::Other(shown) if shown == "function")
}

/// `server.maxConnections`, `server.close(callback)`, `server.getConnections(callback)`
pub fn rest(mut case: Case) -> Option<String> {
    let server: Server = case.net.create_server(|_, _| {});
    match case.member.as_str() {
        "maxConnections" => {
            let given = case.value.whole::<i64>()?;
            server.set_max_connections(&mut case.net, given);
            let kept = server.view(&case.net).expect("it is there").max_connections;
            case.result(Ok::<_, SharedError>(kept.to_string()));
        }
        "close" if is_function(&case.value) => {
            let c = case.c.clone();
            server.close_then(&mut case.net, move |net: &mut Net<()>, _, result: Result<(), &NodeError>| {
                c.log(net, format!("callback {}", result.err().map_or("undefined", NodeError::code)));
            });
            let count = case.net.core().listener_count(server.id().into(), E::ServerClose);
            case.result(Ok::<_, SharedError>(format!("listeners {count}")));
        }
        "getConnections" if is_function(&case.value) => {
            let c = case.c.clone();
            server.get_connections(&mut case.net, move |net, count| c.log(net, format!("null {count}")));
            case.result(Ok::<_, SharedError>(String::new()));
        }
        _ => return None,
    }
    Some(case.run())
}
