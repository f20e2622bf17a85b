//! netfold inside async-io, as smol has it: wait for its descriptor or its deadline, whichever comes first. async-io asks the
//! system anew each time, so nothing that is still there is lost.

mod embedded;

use embedded::Echoed;
use netfold::Net;
use smol::future::{FutureExt, pending};
use smol::{Async, Timer};
use std::error::Error;
use std::os::fd::AsFd;
use std::time::Duration;

/// Runs it to its end, beside whatever else is awaited on this thread.
async fn run(mut net: Net<Echoed>) -> Result<(), Box<dyn Error>> {
    let fd = Async::new_nonblocking(net.kernel().as_fd().try_clone_to_owned()?)?;
    while net.dispatch()? {
        let deadline = net.deadline().map(Duration::from_millis);
        let due = async {
            match deadline {
                Some(time) => Timer::after(time).await,
                None => pending().await,
            };
            Ok(())
        };
        fd.readable().or(due).await?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let net = embedded::begin()?;
    // What else this loop is for.
    let executor = smol::LocalExecutor::new();
    let other = executor.spawn(async {
        Timer::after(Duration::from_millis(1)).await;
        println!("smol's own: a task");
    });
    smol::block_on(executor.run(async {
        run(net).await?;
        other.await;
        println!("nothing is left to do");
        Ok(())
    }))
}
