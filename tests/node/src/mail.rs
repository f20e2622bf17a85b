//! What crosses from here to `net.js` without a call: numbers in an array that both see, and the bytes of small reads.
//!
//! A call into JavaScript costs as much as a good part of the machine's work for a request. So ticks wait here for the
//! return to JavaScript that comes next, and a turn's 'data' is left here for the function of `net.js` that runs the turn. Ticks
//! run in the order in which they were scheduled, so that how many there are says which.

use crate::host::{face, host};
use crate::js::{Env, Thrown, api};
use napi_sys::*;

/// Where in the array which number is; `face/core.js` has the same.
mod at {
    /// How many ticks wait.
    pub(super) const TICKS: usize = 0;
    /// What `net.js` is to run: see `Left`.
    pub(super) const EVENT: usize = 1;
    pub(super) const SLOT: usize = 2;
    pub(super) const LISTENER: usize = 3;
    /// Where in the slab the bytes are, and how many; none if they are given back as a Buffer.
    pub(super) const FROM: usize = 4;
    pub(super) const LENGTH: usize = 5;
    /// What `net.js` says with a call: whether the listener that was left was passed over, and which socket is written to.
    pub(super) const PASSED_OVER: usize = 6;
    pub(super) const WRITES: usize = 7;
}

/// How many numbers the array has.
const NUMBERS: usize = 8;

/// What a turn has left for `net.js` to run, before it goes on.
#[derive(Clone, Copy)]
pub(crate) enum Left {
    /// Nothing: the turn is over.
    Nothing = 0,
    /// 'data' of a socket, with its first listener.
    Data = 1,
    /// The next listener of the same event.
    Listener = 2,
    /// A turn that has not left anything yet: it is to be run.
    Turn = 3,
}

/// The array, and the slab.
pub(crate) struct Mail {
    numbers: *mut f64,
    slab: *mut u8,
    room: usize,
    used: usize,
    /// The slab's ArrayBuffer.
    kept: napi_ref,
    /// No user code has run since `net.js` has looked whether the slab is still its: the user can give its memory away.
    sure: bool,
}

impl Mail {
    /// With the Float64Array that `net.js` has made, and keeps.
    pub(crate) fn new(env: Env, array: napi_value) -> Option<Self> {
        let (mut kind, mut len, mut data) = (0, 0, std::ptr::null_mut());
        let (mut buffer, mut offset) = (std::ptr::null_mut(), 0);
        api!(napi_get_typedarray_info(env.0, array, &mut kind, &mut len, &mut data, &mut buffer, &mut offset));
        let fits = kind == TypedarrayType::float64_array && len >= NUMBERS;
        let (slab, kept) = (std::ptr::null_mut(), std::ptr::null_mut());
        fits.then_some(Self { numbers: data.cast(), slab, room: 0, used: 0, kept, sure: false })
    }

    fn put(&mut self, at: usize, number: f64) {
        // SAFETY: `net.js` keeps the array and gives it to nobody; it is long enough, as `new` has seen.
        unsafe { self.numbers.add(at).write(number) }
    }

    fn get(&self, at: usize) -> f64 {
        // SAFETY: as above.
        unsafe { self.numbers.add(at).read() }
    }

    fn ticks(&self) -> f64 {
        self.get(at::TICKS)
    }

    /// One more tick waits.
    pub(crate) fn tick(&mut self) {
        self.put(at::TICKS, self.ticks() + 1.0);
    }

    pub(crate) fn leave(&mut self, what: Left) {
        self.put(at::EVENT, what as u32 as f64);
    }

    pub(crate) fn name(&mut self, slot: u32, listener: u32) {
        self.put(at::SLOT, f64::from(slot));
        self.put(at::LISTENER, f64::from(listener));
    }

    pub(crate) fn leave_listener(&mut self, listener: u32) {
        self.put(at::LISTENER, f64::from(listener));
        self.leave(Left::Listener);
    }

    /// The socket that is written to.
    pub(crate) fn writes(&self) -> f64 {
        self.get(at::WRITES)
    }

    /// Whether the listener that was left was passed over.
    pub(crate) fn passed_over(&self) -> bool {
        self.get(at::PASSED_OVER) != 0.0
    }

    /// Whether the slab is there and is nobody's but ours. No user code runs before the next call.
    pub(crate) fn trust(&mut self, is_there: bool) {
        self.sure = is_there;
    }

    /// User code runs.
    pub(crate) fn doubt(&mut self) {
        self.sure = false;
    }

    /// Copies bytes into the slab. False if there is no room for them, or they are more than half of it.
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> bool {
        let fits = self.sure && bytes.len() <= (self.room / 2).min(self.room - self.used);
        self.put(at::LENGTH, if fits { bytes.len() as f64 } else { 0.0 });
        if fits {
            // SAFETY: the slab is alive and as long as `room`, as `sure` says, and this part of it was not given out yet.
            unsafe { self.slab.add(self.used).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            self.put(at::FROM, self.used as f64);
            self.used += bytes.len();
        }
        fits
    }

    /// Another slab: its memory, and its ArrayBuffer.
    fn renew(&mut self, slab: *mut u8, room: usize, kept: napi_ref) -> napi_ref {
        (self.slab, self.room, self.used) = (slab, room, 0);
        std::mem::replace(&mut self.kept, kept)
    }

    /// Whether the slab's memory is there.
    pub(crate) fn has_slab(&self, env: Env) -> bool {
        let mut gone = true;
        if !self.kept.is_null() {
            api!(napi_is_detached_arraybuffer(env.0, env.kept(self.kept), &mut gone));
        }
        !gone
    }
}

/// `slab(bytes, memory)`: another block for small reads, with its ArrayBuffer.
pub(crate) fn renew(env: Env, args: &[napi_value]) -> Result<napi_value, Thrown> {
    let (data, room) = env.view(args[0]);
    let kept = env.keep(args[1]);
    let old = host(|h| h.mail.renew(data.cast_mut(), room, kept));
    if !old.is_null() {
        api!(napi_delete_reference(env.0, old));
    }
    Ok(env.undefined())
}

/// Hands the ticks that wait to `net.js`: before any of its code runs that does not look for them.
pub(crate) fn flush(env: Env) {
    if host(|h| h.mail.ticks()) > 0.0 {
        let (function, mut result) = (env.kept(face(|f| f.ticks)), std::ptr::null_mut());
        api!(napi_call_function(env.0, env.undefined(), function, 0, std::ptr::null(), &mut result));
    }
}
