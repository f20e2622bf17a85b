//! Reading and writing allocate nothing once everything is in place.
#![cfg(unix)]

mod sys_support;

use std::alloc::{GlobalAlloc, Layout, System as Heap};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use sys_support::*;

struct Counting;

thread_local! {
    /// Of this thread alone: the test harness has one of its own, which does as it likes.
    static TAKEN: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's; this counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: as it was asked.
        unsafe { Heap.alloc(layout) }
    }
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as it was asked.
        unsafe { Heap.dealloc(ptr, layout) }
    }
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: as it was asked.
        unsafe { Heap.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn an_echo_allocates_nothing_in_the_system() {
    let mut rig = Rig::new(WAYS[0]);
    let server = rig.server();
    let port = rig.listen(server);
    rig.react = Rc::new(echo);
    let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    peer.set_nodelay(true).unwrap();
    rig.until_rig(|rig| rig.accepted.len() == 1);
    rig.kernel.keep = false;
    let mut turn = |rig: &mut Rig| {
        peer.write_all(&[3; 2000]).unwrap();
        let mut got = [0; 2000];
        rig.around(None).unwrap();
        peer.read_exact(&mut got).unwrap();
    };
    (0..100).for_each(|_| turn(&mut rig));
    let before = TAKEN.get();
    (0..1000).for_each(|_| turn(&mut rig));
    let taken = TAKEN.get() - before;
    assert_eq!(taken, 0, "in 1,000 echoes");
}
