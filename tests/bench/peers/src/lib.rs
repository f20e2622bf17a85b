//! What the peers share with the one that is written on epoll, beside it in `tests/bench/src`.

#![cfg(target_os = "linux")]

#[path = "../../src/counting.rs"]
pub mod counting;
#[path = "../../src/echo.rs"]
pub mod echo;

/// A listener as all of them have it, non-blocking; its port is printed.
pub fn listen() -> std::io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    rustix::net::listen(&listener, 4096)?;
    listener.set_nonblocking(true)?;
    println!("port {}", listener.local_addr()?.port());
    counting::answer_on_stdin();
    Ok(listener)
}
