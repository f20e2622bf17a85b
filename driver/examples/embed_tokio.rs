//! netfold inside tokio: a task of the thread that it belongs to waits for its descriptor (`AsyncFd`) or its deadline.
//!
//! tokio hears of a descriptor once, when it becomes readable, and then takes it for readable until it is told otherwise. That
//! is said only once poll(2) agrees, since a dispatch may leave something for the next one.

mod embedded;

use embedded::Echoed;
use netfold::Net;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::error::Error;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

/// Runs it to its end, beside whatever else tokio does on this thread.
async fn run(mut net: Net<Echoed>) -> Result<(), Box<dyn Error>> {
    let fd = net.kernel().as_fd().try_clone_to_owned()?;
    // SAFETY: an `OwnedFd` is open, and stays open and the same for as long as the `AsyncFd` has it.
    let fd = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE)? };
    while net.dispatch()? {
        let readable = match net.deadline().map(Duration::from_millis) {
            Some(time) => timeout(time, fd.readable()).await.ok(),
            None => Some(fd.readable().await),
        };
        if let Some(guard) = readable {
            let mut guard = guard?;
            if !is_readable(&fd)? {
                guard.clear_ready();
            }
        }
    }
    Ok(())
}

fn is_readable(fd: &AsyncFd<OwnedFd>) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    Ok(poll(&mut fds, Some(&Timespec::default()))? > 0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let net = embedded::begin()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    runtime.block_on(async {
        // What else this loop is for. A `Net` does not leave its thread: no `spawn` that asks for `Send`.
        let other = tokio::spawn(async {
            sleep(Duration::from_millis(1)).await;
            println!("tokio's own: a task");
        });
        run(net).await?;
        other.await?;
        println!("nothing is left to do");
        Ok(())
    })
}
