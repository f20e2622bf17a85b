//! netfold inside a loop of one's own, here poll(2): wait for the descriptor or the deadline, then dispatch.
//!
//! The loop waits for standard input too. What comes goes to a client, which sends it to an echo server; both are netfold's.
//! At the end of the input the client ends, and with it the program.

use netfold::{Net, NetError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd;
use rustix::io::Errno;
use std::io;

/// Whether the client has more to send than it can.
struct Full(bool);

fn main() -> Result<(), NetError> {
    let mut net = Net::new(Full(false))?;
    let server = net.create_server(|net, socket| {
        socket.on_data(net, |net, socket, chunk| {
            if !socket.write(net, chunk) {
                socket.pause(net);
            }
        });
        socket.on_drain(net, |net, socket| socket.resume(net));
    });
    server.listen_then(&mut net, ("127.0.0.1", 0), |net, server| println!("server bound {:?}", server.address(net)));
    // What was called from outside runs its ticks, 'listening' among them, at the next dispatch.
    net.dispatch()?;
    let port = server.port(&mut net).expect("it listens on a free port of the loopback address");
    let client = net.connect(("127.0.0.1", port)).expect("the arguments are right");
    client.on_data(&mut net, |_, _, chunk| print!("echoed: {}", String::from_utf8_lossy(&chunk)));
    client.on_drain(&mut net, |net, _| net.state = Full(false));
    client.on_close(&mut net, move |net, _, _| server.close(net));

    let stdin = io::stdin();
    let mut input = true;
    while net.dispatch()? {
        let wanted = input && !net.state.0;
        if wait(&mut net, wanted.then_some(&stdin))? {
            // Past the buffer that `Stdin` has: poll does not know of it.
            let mut block = [0; 4096];
            let bytes = rustix::io::read(&stdin, &mut block).map_err(io::Error::from)?;
            input = bytes > 0;
            if input {
                net.state = Full(!client.write(&mut net, &block[..bytes]));
            } else {
                client.end(&mut net);
            }
        }
    }
    println!("nothing is left to do");
    Ok(())
}

/// Waits for the loop, for as long as nothing is due in it, and for the input. Returns whether there is input.
fn wait(net: &mut Net<Full>, input: Option<&io::Stdin>) -> io::Result<bool> {
    let timeout = net.deadline().map(|ms| Timespec::try_from(std::time::Duration::from_millis(ms)).expect("in range"));
    let mut fds = vec![PollFd::new(net.kernel(), PollFlags::IN)];
    fds.extend(input.map(|input| PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN)));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => Ok(fds.get(1).is_some_and(|input| !input.revents().is_empty())),
        // A signal; go around.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
