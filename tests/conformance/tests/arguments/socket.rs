//! The methods of a socket that never connected, and those whose numbers reach the system on one that did.

use super::case::{Case, Value, describe, shown, shown_event};
use netfold::{Chunk, Encoding, EventKind as E, IntoChunk, Net, NodeError, SharedError, Socket};
use netfold_conformance::Actor;

type Answer = Result<String, SharedError>;

fn thrown<T>(result: Result<T, NodeError>) -> Result<T, SharedError> {
    result.map_err(Into::into)
}

/// Makes the call; `None` if its value cannot be said.
pub fn socket(mut case: Case) -> Option<String> {
    if case.argument.ends_with("/connected") {
        return connected(case);
    }
    let socket = case.idle();
    case.follow(socket, &[E::Error, E::Close]);
    case.net.set_immediate(move |net| socket.destroy(net));
    let value = case.value.clone();
    let argument = case.argument.clone();
    let answer = match case.member.as_str() {
        "setTimeout" => set_timeout(&mut case, socket, &argument, &value)?,
        "setEncoding" => set_encoding(&mut case, socket, &value)?,
        "read" => read(&mut case, socket, &value)?,
        "write" => write(&mut case, socket, &argument, &value)?,
        "end" => end(&mut case, socket, &argument, &value)?,
        "destroy" => destroy(&mut case, socket, &argument, &value)?,
        "unpipe" if value == Value::Undefined => {
            socket.unpipe_all(&mut case.net);
            Ok(String::new())
        }
        "setKeepAlive" | "setNoDelay" => option(&mut case, socket)?,
        _ => return None,
    };
    case.result(answer);
    Some(case.run())
}

fn set_timeout(case: &mut Case, socket: Socket, argument: &str, value: &Value) -> Option<Answer> {
    let property = |net: &Net<()>| format!("timeout {}", socket.timeout(net).map_or("undefined".into(), shown));
    let net = &mut case.net;
    Some(match argument {
        "msecs" => socket.set_timeout(net, value.number()?).map(|()| property(net)),
        "msecs/property" => {
            let _thrown = socket.set_timeout(net, value.number()?);
            Ok(property(net))
        }
        _ => {
            match value {
                Value::Undefined => socket.set_timeout(net, 9.0).ok()?,
                Value::Other(shown) if shown == "function" => {
                    socket.set_timeout_then(net, 9.0, |_, _| {}).ok()?;
                }
                _ => return None,
            }
            Ok(format!("listeners {}", socket.listener_count(net, E::Timeout)))
        }
    })
}

/// An encoding's name, or none.
fn encoding(value: &Value) -> Option<Result<Option<Encoding>, NodeError>> {
    match value {
        Value::Undefined | Value::Null => Some(Ok(None)),
        Value::Text(name) => Some(Encoding::from_name(name).map(Some)),
        _ => None,
    }
}

fn set_encoding(case: &mut Case, socket: Socket, value: &Value) -> Option<Answer> {
    Some(thrown(encoding(value)?).map(|encoding| {
        socket.set_encoding(&mut case.net, encoding);
        let kept = socket.view(&case.net).and_then(|view| view.readable_encoding()).expect("an encoding");
        format!("encoding \"{}\"", kept.name())
    }))
}

fn read(case: &mut Case, socket: Socket, value: &Value) -> Option<Answer> {
    let read = match value {
        Value::Undefined => Ok(socket.read(&mut case.net)),
        value => socket.read_n(&mut case.net, value.whole()?),
    };
    Some(read.map(|chunk| {
        assert_eq!(chunk, None);
        case.log("-> null");
        format!("mark {}", socket.view(&case.net).expect("it is there").readable_high_water_mark())
    }))
}

fn chunk(value: &Value) -> Option<Chunk> {
    match value {
        Value::Text(text) => Some(text.as_str().into_chunk()),
        Value::Other(shown) => match shown.as_str() {
            "Buffer(0)" | "Uint8Array(0)" => Some(Vec::new().into_chunk()),
            "Buffer(9)" | "Uint8Array(9)" | "DataView" => Some(vec![0; 9].into_chunk()),
            _ => None,
        },
        _ => None,
    }
}

/// What a write or an end is asked for: a chunk, and whether there is a callback.
fn asked(argument: &str, value: &Value) -> Option<Result<(Option<Chunk>, bool), NodeError>> {
    Some(match argument {
        "chunk" => Ok((Some(chunk(value)?), true)),
        "encoding" => {
            encoding(value)?.map(|encoding| (Some(("6162", encoding.unwrap_or_default()).into_chunk()), true))
        }
        "callback" if value.unless_left_out().is_none() => Ok((Some("x".into_chunk()), false)),
        _ => return None,
    })
}

fn callback(c: Actor) -> impl FnOnce(&mut Net<()>, Socket, Result<(), &NodeError>) + 'static {
    move |net, _, result| {
        let error = result.err().map_or("no error but undefined".into(), describe);
        c.log(net, format!("callback {error}"));
    }
}

fn write(case: &mut Case, socket: Socket, argument: &str, value: &Value) -> Option<Answer> {
    Some(thrown(asked(argument, value)?).map(|(chunk, called)| {
        let chunk = chunk.expect("something to write");
        let c = case.c.clone();
        let net = &mut case.net;
        let more = if called { socket.write_then(net, chunk, callback(c)) } else { socket.write(net, chunk) };
        case.log(format!("-> {more}"));
        format!("length {}", socket.view(&case.net).expect("it is there").writable_length())
    }))
}

fn end(case: &mut Case, socket: Socket, argument: &str, value: &Value) -> Option<Answer> {
    let asked = match (argument, value.unless_left_out()) {
        ("chunk", None) => Ok((None, true)),
        _ => asked(argument, value)?,
    };
    Some(thrown(asked).map(|asked| {
        let c = case.c.clone();
        let net = &mut case.net;
        match asked {
            (Some(chunk), true) => socket.end_with_then(net, chunk, callback(c)),
            (Some(chunk), false) => socket.end_with(net, chunk),
            (None, _) => socket.end_then(net, callback(c)),
        }
        let view = socket.view(net).expect("it is there");
        format!("ended {} length {}", view.writable_ended(), view.writable_length())
    }))
}

fn destroy(case: &mut Case, socket: Socket, argument: &str, value: &Value) -> Option<Answer> {
    let net = &mut case.net;
    match value {
        _ if argument != "error" => return None,
        Value::Other(error) if error == "Error(EBOOM)" => {
            let (code, message) = (Some("EBOOM".into()), "boom".into());
            socket.destroy_with(net, NodeError::User { code, message, tag: 0 });
        }
        Value::Other(_) => socket.destroy_with(net, "boom"),
        _ => socket.destroy(net),
    }
    Some(Ok(format!("destroyed {}", socket.destroyed(net))))
}

fn option(case: &mut Case, socket: Socket) -> Option<Answer> {
    let net = &mut case.net;
    match case.argument.split('/').next()? {
        "enable" if case.member == "setNoDelay" => socket.set_no_delay(net, case.value.flag()?),
        "enable" => socket.set_keep_alive(net, case.value.flag()?, 0),
        _ => socket.set_keep_alive(net, true, case.value.whole()?),
    }
    Some(Ok(String::new()))
}

/// The same on a connection.
fn connected(mut case: Case) -> Option<String> {
    case.value.flag().map(|_| ()).or(case.value.whole::<u32>().map(|_| ()))?;
    let server = case.net.create_server(|net, peer| peer.resume(net));
    server.listen(&mut case.net, ("127.0.0.1", 0)).expect("a port");
    let port = std::rc::Rc::new(std::cell::Cell::new(None));
    let seen = port.clone();
    server.on_listening(&mut case.net, move |net, server| {
        let to = ("127.0.0.1", server.port(net).expect("TCP"));
        seen.set(Some(net.connect(to).expect("a socket")));
        net.stop();
    });
    case.net.run().expect("it listens");
    let socket = port.get().expect("a socket");
    socket.on_connect(&mut case.net, |net, _| net.stop());
    socket.on_close(&mut case.net, move |net, _, _| server.close(net));
    case.net.run().expect("it connects");
    case.follow(socket, &[E::Error, E::Close]);
    let c = case.c.clone();
    let (argument, value) = (case.argument.clone(), case.value.clone());
    case.net.set_immediate(move |net| {
        match value {
            Value::Bool(on) => socket.set_no_delay(net, on),
            value => socket.set_keep_alive(net, true, value.whole().expect("it is whole")),
        }
        assert!(argument.ends_with("/connected"));
        c.log(net, "ok");
        socket.destroy(net);
    });
    Some(case.run())
}

/// The option `onread`, of a connection that brings two bytes and ends.
pub fn onread(mut case: Case) -> Option<String> {
    let size = case.value.whole()?;
    let server = case.net.create_server(|net, peer| {
        peer.on_error(net, |_, _, _| {});
        peer.end_with(net, "ab");
    });
    let c = case.c.clone();
    server.listen_then(&mut case.net, ("127.0.0.1", 0), move |net, server| {
        let to = ("127.0.0.1", server.port(net).expect("TCP"));
        let d = c.clone();
        let read = move |net: &mut Net<()>, _: Socket, bytes: netfold::Bytes| {
            d.log(net, format!("read {}", bytes.len()));
            true
        };
        let socket = net.connect_on_read(to, size, read).expect("nothing is thrown");
        for event in [E::End, E::Error, E::Close] {
            let c = c.clone();
            socket.on(net, event, move |net, _, event| c.log(net, shown_event(&event)));
        }
        socket.on_close(net, move |net, _, _| server.close(net));
        c.log(net, "ok");
    });
    Some(case.run())
}
