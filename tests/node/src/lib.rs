//! netfold inside Node: the machine and the driver's system calls in Node's own loop, without threads (rule H1).
//!
//! `net.js` beside this crate is the face: it has the exports of `require('net')`.

mod commands;
mod emit;
mod errors;
mod host;
mod js;
mod lists;
mod mail;
mod memory;
mod record;
mod turns;
mod uv;
mod view;

use crate::commands::{EXPORTS, HOT};
use crate::host::{Face, Host};
use crate::js::{Env, Thrown, api};
use napi_sys::*;
use netfold::System;
use netfold_core::{Core, Machine};
use std::ffi::c_void;

/// As many arguments as the function here that has most.
const MOST_ARGUMENTS: usize = 10;

/// The addon's entry: the functions that `net.js` calls.
///
/// # Safety
/// Node calls this, with an environment and an object of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    let env = Env(env);
    let hot = HOT.iter().zip(HOT_CALLED).map(|((name, ..), called)| (*name, *called));
    let all = hot.chain(EXPORTS.iter().map(|(name, _)| (*name, called as Called)));
    for (at, (name, called)) in all.enumerate() {
        let mut function = std::ptr::null_mut();
        let index = at.wrapping_sub(HOT.len()) as *mut c_void;
        api!(napi_create_function(env.0, name.as_ptr().cast(), name.len(), Some(called), index, &mut function));
        api!(napi_set_property(env.0, exports, env.text(name), function));
    }
    exports
}

type Called = unsafe extern "C" fn(napi_env, napi_callback_info) -> napi_value;

/// A hot function comes in here, for each its own: it need not ask which one it is.
const HOT_CALLED: &[Called; HOT.len()] =
    &[hot_called::<0>, hot_called::<1>, hot_called::<2>, hot_called::<3>, hot_called::<4>];

unsafe extern "C" fn hot_called<const AT: usize>(env: napi_env, info: napi_callback_info) -> napi_value {
    let (_, function, mut count) = HOT[AT];
    let mut args = [std::ptr::null_mut(); MOST_ARGUMENTS];
    if count > 0 {
        let none = std::ptr::null_mut::<c_void>();
        api!(napi_get_cb_info(env, info, &mut count, args.as_mut_ptr(), none.cast(), none.cast()));
    }
    let env = Env(env);
    function(env, &args).unwrap_or_else(|thrown| {
        mail::flush(env);
        env.throw(thrown);
        std::ptr::null_mut()
    })
}

/// Every other function comes in here.
unsafe extern "C" fn called(env: napi_env, info: napi_callback_info) -> napi_value {
    let mut args = [std::ptr::null_mut(); MOST_ARGUMENTS];
    let (mut count, mut index) = (MOST_ARGUMENTS, std::ptr::null_mut());
    api!(napi_get_cb_info(env, info, &mut count, args.as_mut_ptr(), std::ptr::null_mut(), &mut index));
    let env = Env(env);
    let done = EXPORTS[index as usize].1(env, &args);
    if host::is_there() {
        mail::flush(env);
    }
    done.unwrap_or_else(|thrown| {
        env.throw(thrown);
        std::ptr::null_mut()
    })
}

/// `setUp(face, record, mail)`: begins, with the functions of `net.js`, the file to record into if there is one, and the array
/// of numbers.
pub(crate) fn set_up(env: Env, args: &[napi_value]) -> Result<napi_value, Thrown> {
    #[cfg(netfold_bugs)]
    plant(env)?;
    let failed = |what: std::io::Error| Some(env.misuse(&what.to_string()));
    if host::is_there() {
        return Err(Some(env.misuse("net.js is loaded already, and has one machine in each thread: use that one")));
    }
    let mut kernel = System::new().map_err(failed)?;
    kernel.set_memory(memory::Rooms::new(env));
    let (machine, trace) = match env.maybe_string(args[1]) {
        Some(path) => {
            let (trace, options) = record::Trace::create(&path).map_err(failed)?;
            (Machine::recorded(Core::default(), options), Some(trace))
        }
        None => (Machine::new(Core::default()), None),
    };
    let mut context = std::ptr::null_mut();
    api!(napi_async_init(env.0, std::ptr::null_mut(), env.text("NETFOLD"), &mut context));
    let loops = turns::Loops::new(env, &kernel, context).map_err(failed)?;
    let mail = mail::Mail::new(env, args[2]).ok_or_else(|| Some(env.misuse("no array of numbers")))?;
    let function = |name: &std::ffi::CStr| env.keep(env.property(args[0], name));
    let face = Face {
        ticks: function(c"ticks"),
        emit: function(c"emit"),
        listener: function(c"listener"),
        callback: function(c"callback"),
        connections: function(c"connections"),
        resolve: function(c"resolve"),
        lookup: function(c"lookup"),
        read: function(c"read"),
        released: function(c"released"),
        option: function(c"option"),
        accepted: function(c"accepted"),
        error: function(c"error"),
        turn: function(c"turn"),
    };
    host::install(Host::new(machine, kernel, loops, trace, mail), face);
    let nothing = std::ptr::null_mut();
    api!(napi_add_async_cleanup_hook(env.0, Some(turns::clean_up), nothing, std::ptr::null_mut()));
    Ok(env.undefined())
}

/// Plants the bug that `NETFOLD_BUG` names, in a build that has them.
#[cfg(netfold_bugs)]
fn plant(env: Env) -> Result<(), Thrown> {
    use netfold_core::bugs::{Bug, plant};
    let name = std::env::var("NETFOLD_BUG").unwrap_or_default();
    if name.is_empty() {
        return Ok(());
    }
    let bug = Bug::ALL.iter().chain(Bug::PLAIN).find(|bug| format!("{bug:?}") == name);
    if bug.is_none() {
        return Err(Some(env.misuse(&format!(
            "there is no bug {name}; there are {:?} and {:?}",
            Bug::ALL,
            Bug::PLAIN
        ))));
    }
    plant(bug.copied());
    Ok(())
}
