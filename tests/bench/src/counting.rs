//! An allocator that counts, and the line by which a server tells what it has counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator, counted: bytes that are live, for the whole process; calls, for each thread.
#[derive(Debug)]
pub struct Counting;

static LIVE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

impl Counting {
    /// Bytes that are allocated now.
    pub fn live() -> u64 {
        LIVE.load(Ordering::Relaxed)
    }

    /// How often this thread has asked for memory, a growing of what it had included.
    pub fn calls() -> u64 {
        CALLS.get()
    }

    fn count(grown: usize, shrunk: usize) {
        CALLS.set(CALLS.get() + 1);
        LIVE.fetch_add((grown as u64).wrapping_sub(shrunk as u64), Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came. The counters allocate nothing: the thread's is
// initialized without code and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size(), 0);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::count(size, layout.size());
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Answers each line of standard input with the bytes that are allocated, from a thread of its own, and ends the process
/// with the input: a server does not outlive the measurement.
pub fn answer_on_stdin() {
    std::thread::spawn(|| {
        for _asked in std::io::stdin().lock().lines() {
            println!("heap {}", Counting::live());
            let _told = std::io::stdout().flush();
        }
        std::process::exit(0);
    });
}
