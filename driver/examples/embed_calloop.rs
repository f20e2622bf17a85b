//! netfold inside calloop: a source for its descriptor, told for as long as it is readable, and its deadline as the timeout
//! of each wait.

mod embedded;

use calloop::generic::Generic;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{EventLoop, Interest, Mode, PostAction};
use std::error::Error;
use std::os::fd::AsFd;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let mut net = embedded::begin()?;
    let mut event_loop = EventLoop::<()>::try_new()?;
    // A duplicate belongs to the loop; it tells of the same.
    let fd = net.kernel().as_fd().try_clone_to_owned()?;
    let readable = Generic::new(fd, Interest::READ, Mode::Level);
    // The dispatch below does the work: one place, however the loop was woken.
    event_loop.handle().insert_source(readable, |_, _, ()| Ok(PostAction::Continue))?;

    // What else this loop is for.
    event_loop.handle().insert_source(Timer::from_duration(Duration::from_millis(1)), |_, _, ()| {
        println!("calloop's own: a timer");
        TimeoutAction::Drop
    })?;

    while net.dispatch()? {
        event_loop.dispatch(net.deadline().map(Duration::from_millis), &mut ())?;
    }
    println!("nothing is left to do");
    Ok(())
}
