//! netfold inside mio. mio tells of a descriptor once, when it becomes readable; asking for it again after each dispatch
//! makes mio tell also of what is still there.

mod embedded;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use std::error::Error;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

const NETFOLD: Token = Token(0);
const OTHER: Token = Token(1);

fn main() -> Result<(), Box<dyn Error>> {
    let mut net = embedded::begin()?;
    let mut poll = Poll::new()?;
    let fd = net.kernel().as_raw_fd();
    poll.registry().register(&mut SourceFd(&fd), NETFOLD, Interest::READABLE)?;

    // What else this loop is for.
    let waker = Arc::new(Waker::new(poll.registry(), OTHER)?);
    let waking = waker.clone();
    std::thread::spawn(move || waking.wake());

    let mut events = Events::with_capacity(16);
    while net.dispatch()? {
        poll.registry().reregister(&mut SourceFd(&fd), NETFOLD, Interest::READABLE)?;
        match poll.poll(&mut events, net.deadline().map(Duration::from_millis)) {
            // A signal; go around.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            polled => polled?,
        }
        for event in events.iter().filter(|event| event.token() == OTHER) {
            println!("mio's own: readable {}", event.is_readable());
        }
    }
    println!("nothing is left to do");
    Ok(())
}
