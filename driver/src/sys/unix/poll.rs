//! Registration and readiness, through the `polling` crate.

use super::ready::{BATCH, Interest, Ready};
use crate::sys::Waiting;
use polling::{Events, PollMode, Poller};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::{places::Places, telling};
#[cfg(target_os = "linux")]
use rustix::{
    buffer::spare_capacity,
    event::{PollFd, PollFlags, epoll, epoll::EventFlags},
    time::Timespec,
};

/// The key of the bell. The poller keeps `usize::MAX` for itself, and a slot has 32 bits.
pub(super) const BELL: usize = usize::MAX - 1;

enum Way {
    #[cfg(target_os = "linux")]
    Direct(Direct),
    Portable(Events),
}

/// The poller's own epoll descriptor is waited for.
#[cfg(target_os = "linux")]
struct Direct {
    events: Vec<epoll::Event>,
    places: Places,
    telling: telling::Telling,
}

#[cfg(target_os = "linux")]
impl Direct {
    fn new(few: usize) -> Self {
        let telling = telling::Telling::new(few);
        let mut places = Places::new();
        if telling.is_once() {
            places.keep(true);
        }
        Self { events: Vec::with_capacity(BATCH), places, telling }
    }
}

/// What is looked for at a connection that is read from, and told once.
#[cfg(target_os = "linux")]
const ONCE: EventFlags = EventFlags::IN.union(EventFlags::PRI).union(EventFlags::RDHUP).union(EventFlags::ET);

/// The poller, and what its last wait brought.
pub(super) struct Poll {
    poller: Poller,
    mode: PollMode,
    way: Way,
    ready: Vec<Ready>,
    next: usize,
    order: Option<Order>,
}

/// Brings what one wait found ready into another order: by the slots of the handles.
pub(super) type Order = Box<dyn FnMut(&mut [usize])>;

impl Poll {
    pub(super) fn new(waiting: Waiting) -> io::Result<Self> {
        let poller = Poller::new()?;
        let level = waiting != Waiting::Oneshot && poller.supports_level();
        let mode = if level { PollMode::Level } else { PollMode::Oneshot };
        let portable = || Way::Portable(Events::with_capacity(NonZeroUsize::new(BATCH).expect("not zero")));
        #[cfg(target_os = "linux")]
        let direct = |few| Way::Direct(Direct::new(few));
        let way = match waiting {
            #[cfg(target_os = "linux")]
            Waiting::Direct => direct(telling::FEW),
            #[cfg(target_os = "linux")]
            Waiting::Once => direct(0),
            _ => portable(),
        };
        Ok(Self { poller, mode, way, ready: Vec::with_capacity(BATCH), next: 0, order: None })
    }

    pub(super) fn set_order(&mut self, order: Order) {
        self.order = Some(order);
    }

    /// Whether an event must be armed anew after it came.
    pub(super) fn is_oneshot(&self) -> bool {
        self.mode == PollMode::Oneshot
    }

    pub(super) fn add(&mut self, fd: BorrowedFd<'_>, key: usize, interest: Interest) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Way::Direct(direct) = &mut self.way
            && key != BELL
        {
            direct.places.insert(key);
        }
        #[cfg(target_os = "linux")]
        if interest.once && self.tells_once() {
            epoll::add(&self.poller, fd, epoll::EventData::new_u64(key as u64), ONCE)?;
            self.count(key, Interest::NONE, interest);
            return Ok(());
        }
        // SAFETY: the poller must be told to forget a descriptor before it is closed. Each descriptor registered here is
        // owned by the table or by the bell. The table's entries are closed and given away only by `System::forget`,
        // which deletes first; what is left when a `System` is dropped goes after its poller, and so does the bell.
        unsafe { self.poller.add_with_mode(fd.as_raw_fd(), interest.event(key), self.mode) }?;
        self.count(key, Interest::NONE, interest);
        Ok(())
    }

    /// Of what is there when this is called it is told anew.
    pub(super) fn modify(&mut self, fd: BorrowedFd<'_>, key: usize, from: Interest, to: Interest) -> io::Result<()> {
        self.tell_anew(fd, key, to, self.tells_once())?;
        self.count(key, from, to);
        Ok(())
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables, reason = "only there it is told once"))]
    fn tell_anew(&self, fd: BorrowedFd<'_>, key: usize, interest: Interest, once: bool) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if interest.once && once {
            return Ok(epoll::modify(&self.poller, fd, epoll::EventData::new_u64(key as u64), ONCE)?);
        }
        self.poller.modify_with_mode(fd, interest.event(key), self.mode)
    }

    pub(super) fn delete(&mut self, fd: BorrowedFd<'_>, key: usize, interest: Interest) {
        #[cfg(target_os = "linux")]
        if let Way::Direct(direct) = &mut self.way {
            direct.places.remove(key);
        }
        self.count(key, interest, Interest::NONE);
        let deleted = self.poller.delete(fd);
        debug_assert!(deleted.is_ok(), "{key} was registered: {deleted:?}");
    }

    #[cfg_attr(not(target_os = "linux"), allow(unused_variables, reason = "only there it is told once"))]
    fn count(&mut self, key: usize, from: Interest, to: Interest) {
        #[cfg(target_os = "linux")]
        if let Way::Direct(Direct { telling, .. }) = &mut self.way
            && from.once != to.once
        {
            if to.once { telling.insert(key) } else { telling.remove(key) }
        }
    }

    /// Whether what is [once](Interest::once) of interest is told once now.
    pub(super) fn tells_once(&self) -> bool {
        match &self.way {
            #[cfg(target_os = "linux")]
            Way::Direct(direct) => direct.telling.is_once(),
            Way::Portable(_) => false,
        }
    }

    /// To be called between two waits: if few connections have become many, or many few, it tells of them in the other way
    /// from now on. `find` has the descriptor of a key and its interest.
    #[cfg_attr(not(target_os = "linux"), allow(unused_variables, reason = "only there it is told once"))]
    pub(super) fn balance<'a>(&mut self, find: impl Fn(usize) -> Option<(BorrowedFd<'a>, Interest)>) {
        #[cfg(target_os = "linux")]
        if let Way::Direct(direct) = &mut self.way
            && let Some(keys) = direct.telling.turning()
        {
            let once = !direct.telling.is_once();
            let mut found = keys.iter().filter_map(|key| Some((*key, find(*key)?)));
            let told = found.try_for_each(|(key, (fd, interest))| self.tell_anew(fd, key, interest, once));
            // One that is told of again, though it need not be, does no harm; the other way round it would wait for ever.
            if let Way::Direct(direct) = &mut self.way
                && (once || told.is_ok())
            {
                direct.telling.turn(keys);
                direct.places.keep(once);
            }
        }
    }

    /// Whether something of the last wait has not been taken.
    pub(super) fn has_more(&self) -> bool {
        self.next < self.ready.len()
    }

    /// What [`take`](Self::take) would give.
    pub(super) fn peek(&self) -> Option<Ready> {
        self.ready.get(self.next).copied()
    }

    /// What [`take`](Self::take) would give, one after the other.
    pub(super) fn ahead(&self) -> &[Ready] {
        &self.ready[self.next..]
    }

    /// Takes what was [peeked](Self::peek) at.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    pub(super) fn take(&mut self) -> Option<Ready> {
        let ready = self.ready.get(self.next).copied()?;
        self.next += 1;
        Some(ready)
    }

    /// To be called before one waits by other means: what the last wait found ready, and is not ready now, loses its place.
    pub(super) fn look(&mut self) {
        #[cfg(target_os = "linux")]
        if let Way::Direct(Direct { places, .. }) = &mut self.way
            && places.any()
            && rustix::event::poll(&mut [PollFd::new(&self.poller, PollFlags::IN)], Some(&Timespec::default())) == Ok(0)
        {
            places.forget();
        }
    }

    /// Waits; a signal ends it early. What is `left` is found too. Returns whether the bell rang.
    pub(super) fn wait(
        &mut self,
        timeout: Option<u64>,
        left: impl ExactSizeIterator<Item = Ready>,
    ) -> io::Result<bool> {
        self.ready.clear();
        self.next = 0;
        match &mut self.way {
            #[cfg(target_os = "linux")]
            Way::Direct(Direct { events, places, .. }) => {
                let mut found = false;
                if timeout != Some(0) && places.any() {
                    // What is ready already has another order than what comes while one waits.
                    found = wait(&self.poller, events, Some(0))?;
                    if !found {
                        places.forget();
                    }
                }
                if !found {
                    wait(&self.poller, events, timeout)?;
                }
                self.ready.extend(events.iter().map(ready));
                places.arrange(&mut self.ready, left);
            }
            Way::Portable(events) => {
                debug_assert_eq!(left.len(), 0, "this poller tells again");
                events.clear();
                self.poller.wait(events, timeout.map(Duration::from_millis))?;
                self.ready.extend(events.iter().map(|event| Ready {
                    key: event.key,
                    read: event.readable,
                    write: event.writable,
                    hang_up: event.is_interrupt(),
                    more: event.is_interrupt(),
                    left: true,
                }));
            }
        }
        if let Some(order) = &mut self.order
            && self.ready.len() > 1
        {
            let mut keys: Vec<usize> = self.ready.iter().map(|ready| ready.key).collect();
            order(&mut keys);
            self.ready.sort_by_key(|ready| keys.iter().position(|key| *key == ready.key));
        }
        Ok(self.ready.iter().any(|ready| ready.key == BELL))
    }
}

/// Whether anything is ready.
#[cfg(target_os = "linux")]
fn wait(poller: &Poller, events: &mut Vec<epoll::Event>, timeout: Option<u64>) -> io::Result<bool> {
    events.clear();
    // The call takes an i32 of milliseconds. A wait that ends early is begun again by the loop.
    let timeout = timeout.map(|ms| {
        let ms = ms.min(i32::MAX as u64) as i64;
        Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 }
    });
    match epoll::wait(poller, spare_capacity(events), timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(!events.is_empty()),
        Err(error) => Err(error.into()),
    }
}

/// As libuv reads them: an error or a hang-up is found by reading, and by writing.
#[cfg(target_os = "linux")]
fn ready(event: &epoll::Event) -> Ready {
    let flags = event.flags;
    let failed = EventFlags::HUP | EventFlags::ERR;
    Ready {
        // Keys of ours are a `usize`; the poller's own, which is all ones in 64 bits or fewer, names no slot.
        key: event.data.u64() as usize,
        read: flags.intersects(EventFlags::IN | EventFlags::PRI | failed),
        write: flags.intersects(EventFlags::OUT | failed),
        hang_up: flags.contains(EventFlags::HUP),
        more: flags.intersects(EventFlags::PRI | EventFlags::RDHUP | failed),
        left: true,
    }
}

impl AsFd for Poll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }
}
