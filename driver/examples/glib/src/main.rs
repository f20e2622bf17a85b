//! netfold inside glib's main loop, which is that of GTK and of many other programs: a source for its descriptor, told for as
//! long as it is readable, and one for its deadline, made anew after each dispatch.

#[path = "../../embedded/mod.rs"]
mod embedded;

use embedded::Echoed;
use glib::{ControlFlow, IOCondition, MainContext, MainLoop, SourceId};
use netfold::{Net, NetError};
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

/// A loop within the loop.
struct Inner {
    net: RefCell<Net<Echoed>>,
    /// The source of the deadline, until it is due.
    due: Cell<Option<SourceId>>,
    outer: MainLoop,
    /// Why the loop ended, if not because nothing was left to do.
    failed: Cell<Option<NetError>>,
}

impl Inner {
    /// Whatever woke the loop: once around, and a source for the next deadline.
    fn dispatch(self: &Rc<Self>) {
        if let Some(due) = self.due.take() {
            due.remove();
        }
        let mut net = self.net.borrow_mut();
        match net.dispatch() {
            Ok(true) => {}
            Ok(false) => return self.outer.quit(),
            Err(error) => {
                self.failed.set(Some(error));
                return self.outer.quit();
            }
        }
        let Some(time) = net.deadline().map(Duration::from_millis) else { return };
        let inner = self.clone();
        self.due.set(Some(glib::timeout_add_local_once(time, move || {
            // A source that was due is removed by the loop.
            let _gone = inner.due.take();
            inner.dispatch();
        })));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let context = MainContext::default();
    let _ours = context.acquire()?;
    let outer = MainLoop::new(Some(&context), false);
    let (due, failed) = (Cell::default(), Cell::default());
    let inner = Rc::new(Inner { net: RefCell::new(embedded::begin()?), due, outer, failed });
    let (fd, told) = (inner.net.borrow().kernel().as_raw_fd(), inner.clone());
    let readable = glib_unix::unix_fd_add_local(fd, IOCondition::IN, move |_, _| {
        told.dispatch();
        ControlFlow::Continue
    });

    // What else this loop is for.
    glib::timeout_add_local_once(Duration::from_millis(1), || println!("glib's own: a timeout"));

    inner.dispatch();
    inner.outer.run();
    readable.remove();
    if let Some(error) = inner.failed.take() {
        return Err(error.into());
    }
    println!("nothing is left to do");
    Ok(())
}
