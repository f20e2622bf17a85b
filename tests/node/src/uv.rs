//! The few functions of libuv that the addon needs. Node exports them.

use std::ffi::{c_int, c_uint, c_void};

/// `uv_loop_t`, whose inside is libuv's own.
#[repr(C)]
pub(crate) struct Loop {
    _opaque: [u8; 0],
}

/// What every libuv handle and request begins with: a place for its owner.
pub(crate) type Memory = *mut c_void;

#[repr(C)]
pub(crate) struct Buf {
    pub(crate) base: *mut u8,
    pub(crate) len: usize,
}

pub(crate) const READABLE: c_int = 1;

/// `uv_handle_type`
#[derive(Clone, Copy)]
#[repr(i32)]
pub(crate) enum HandleType {
    Pipe = 7,
    Poll = 8,
    Prepare = 9,
    Timer = 13,
}

/// `uv_req_type`: `UV_WRITE`
const WRITE: c_int = 3;

unsafe extern "C" {
    fn uv_handle_size(kind: c_int) -> usize;
    fn uv_req_size(kind: c_int) -> usize;
    pub(crate) fn uv_now(on: *const Loop) -> u64;
    pub(crate) fn uv_update_time(on: *mut Loop);
    pub(crate) fn uv_ref(handle: Memory);
    pub(crate) fn uv_unref(handle: Memory);
    pub(crate) fn uv_close(handle: Memory, closed: Option<unsafe extern "C" fn(Memory)>);
    pub(crate) fn uv_poll_init(on: *mut Loop, handle: Memory, fd: c_int) -> c_int;
    pub(crate) fn uv_poll_start(
        handle: Memory,
        events: c_int,
        ready: Option<unsafe extern "C" fn(Memory, c_int, c_int)>,
    ) -> c_int;
    pub(crate) fn uv_timer_init(on: *mut Loop, handle: Memory) -> c_int;
    pub(crate) fn uv_timer_start(
        handle: Memory,
        due: Option<unsafe extern "C" fn(Memory)>,
        timeout: u64,
        repeat: u64,
    ) -> c_int;
    pub(crate) fn uv_timer_stop(handle: Memory) -> c_int;
    pub(crate) fn uv_prepare_init(on: *mut Loop, handle: Memory) -> c_int;
    pub(crate) fn uv_pipe_init(on: *mut Loop, handle: Memory, ipc: c_int) -> c_int;
    pub(crate) fn uv_pipe_open(handle: Memory, fd: c_int) -> c_int;
    pub(crate) fn uv_write(
        request: Memory,
        stream: Memory,
        bufs: *const Buf,
        count: c_uint,
        done: Option<unsafe extern "C" fn(Memory, c_int)>,
    ) -> c_int;
}

/// Memory of the size that a handle has in the libuv that is running. It is never given back: a loop may look at a handle
/// until its very end.
pub(crate) fn handle(kind: HandleType) -> Memory {
    // SAFETY: asks for a size.
    memory(unsafe { uv_handle_size(kind as c_int) })
}

/// The same for a request to write.
pub(crate) fn write_request() -> Memory {
    // SAFETY: asks for a size.
    memory(unsafe { uv_req_size(WRITE) })
}

fn memory(size: usize) -> Memory {
    let words = size.div_ceil(size_of::<u128>());
    Box::leak(vec![0u128; words].into_boxed_slice()).as_mut_ptr().cast()
}
