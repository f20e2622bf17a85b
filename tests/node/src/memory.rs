//! Bytes between the machine and JavaScript.
//!
//! What is large crosses without a copy: reads go into memory that JavaScript has made, and a written Buffer is read where it
//! lies. Memory of ours is never lent to JavaScript, whose collector does not know what it weighs.

use crate::js::{Env, OVER, api};
use bytes::Bytes;
use napi_sys::*;
use netfold::sys::Memory;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::ptr;
use std::slice;

/// How much is read at once.
const ROOM: usize = 64 * 1024;
/// Fewer bytes than this of a user's Buffer are copied; a larger one is kept alive and read where it lies.
const KEPT_FROM: usize = 64 * 1024;

/// V8 frees what was read 32 MiB at a time. GNU's allocator gives that back to the system, which then clears each page anew
/// for the reads that come next: up to 16 faults for 64 KiB. It does not of twice the largest block that it has freed, of
/// those up to 32 MiB; so one of nearly that size is freed before the first large read.
const KEPT_FREE: usize = 31 * 1024 * 1024;

impl Env {
    /// Bytes that came in, as a Buffer.
    pub(crate) fn buffer(self, bytes: &Bytes) -> napi_value {
        if let Some(kept) = FILLED.with_borrow(|filled| filled.get(&bytes.as_ptr()).copied())
            && bytes.len() == ROOM
        {
            return self.kept(kept);
        }
        let (mut value, mut data) = (ptr::null_mut(), ptr::null_mut());
        api!(napi_create_buffer_copy(self.0, bytes.len(), bytes.as_ptr().cast(), &mut data, &mut value));
        value
    }

    /// A Buffer's or typed array's bytes: small ones copied, large ones kept alive until the last part of them is gone.
    pub(crate) fn bytes(self, value: napi_value) -> Bytes {
        let (data, len) = self.view(value);
        if len == 0 {
            return Bytes::new();
        }
        if len < KEPT_FROM {
            // SAFETY: Node-API says that the array's memory is there and so long.
            return Bytes::copy_from_slice(unsafe { slice::from_raw_parts(data, len) });
        }
        Bytes::from_owner(Kept { env: self, kept: self.keep(value), data, len })
    }

    /// Where the memory of a Buffer or typed array is, and how long.
    pub(crate) fn view(self, value: napi_value) -> (*const u8, usize) {
        let (mut data, mut len) = (ptr::null_mut(), 0);
        if api!(napi_get_buffer_info(self.0, value, &mut data, &mut len)) != Status::napi_ok {
            return (ptr::null(), 0);
        }
        (data.cast(), len)
    }

    /// A new Buffer with memory of its own, kept alive; nothing if JavaScript has none to give.
    fn room(self, len: usize) -> Option<Kept> {
        let (mut scope, mut value, mut data) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        api!(napi_open_handle_scope(self.0, &mut scope));
        let made = api!(napi_create_buffer(self.0, len, &mut data, &mut value)) == Status::napi_ok;
        let kept = made.then(|| Kept { env: self, kept: self.keep(value), data: data.cast(), len });
        api!(napi_close_handle_scope(self.0, scope));
        kept
    }
}

/// Memory of JavaScript's that is kept alive.
struct Kept {
    env: Env,
    kept: napi_ref,
    data: *const u8,
    len: usize,
}

// SAFETY: the machine and the driver, which hold such bytes, live and are dropped on the thread of their environment.
unsafe impl Send for Kept {}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the reference keeps the array alive, and an array's memory does not move. What the user writes into it
        // meanwhile goes on the wire, as in Node.
        unsafe { slice::from_raw_parts(self.data, self.len) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !OVER.get() {
            api!(napi_delete_reference(self.env.0, self.kept));
        }
    }
}

thread_local! {
    /// Where the rooms that are filled begin, which the machine has: each is a Buffer already.
    static FILLED: RefCell<BTreeMap<*const u8, napi_ref>> = RefCell::default();
}

/// A room that is filled.
struct Filled(Kept);

impl AsRef<[u8]> for Filled {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let _thread_ends = FILLED.try_with(|filled| filled.borrow_mut().remove(&self.0.data));
    }
}

/// Buffers that large reads go into.
pub(crate) struct Rooms {
    env: Env,
    next: Option<Kept>,
    begun: bool,
}

impl Rooms {
    pub(crate) fn new(env: Env) -> Self {
        Self { env, next: None, begun: false }
    }

    fn make(&mut self) -> Option<Kept> {
        if !std::mem::replace(&mut self.begun, true) {
            drop(std::hint::black_box(Vec::<u8>::with_capacity(KEPT_FREE)));
        }
        self.env.room(ROOM)
    }
}

impl Memory for Rooms {
    fn room(&mut self) -> Option<&mut [MaybeUninit<u8>]> {
        if self.next.is_none() {
            self.next = self.make();
        }
        let next = self.next.as_ref()?;
        // SAFETY: the memory is as long, and nobody but us has seen it.
        Some(unsafe { slice::from_raw_parts_mut(next.data.cast_mut().cast(), next.len) })
    }

    fn filled(&mut self, count: usize) -> Bytes {
        match self.next.take_if(|_| count == ROOM) {
            Some(room) => {
                FILLED.with_borrow_mut(|filled| filled.insert(room.data, room.kept));
                Bytes::from_owner(Filled(room))
            }
            None => self.next.as_ref().map_or_else(Bytes::new, |room| Bytes::copy_from_slice(&room.as_ref()[..count])),
        }
    }
}
