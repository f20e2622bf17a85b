//! Values of JavaScript, through Node-API.

use napi_sys::*;
use std::cell::Cell;
use std::ptr;

/// Calls a function of Node-API.
macro_rules! api {
    ($name:ident($($arg:expr),* $(,)?)) => {
        // SAFETY: the environment is the one that Node gave this thread, values come from calls within the scope that is
        // open now, and each pointer that is passed is to a place of this frame or to memory that outlives the call.
        unsafe { $name($($arg),*) }
    };
}
pub(crate) use api;

/// What a function of JavaScript threw; `None` when JavaScript cannot be run any more.
pub(crate) type Thrown = Option<napi_value>;

/// The environment of this thread.
#[derive(Clone, Copy)]
pub(crate) struct Env(pub(crate) napi_env);

impl Env {
    pub(crate) fn undefined(self) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_get_undefined(self.0, &mut value));
        value
    }

    pub(crate) fn null(self) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_get_null(self.0, &mut value));
        value
    }

    pub(crate) fn bool(self, on: bool) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_get_boolean(self.0, on, &mut value));
        value
    }

    pub(crate) fn number(self, number: f64) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_create_double(self.0, number, &mut value));
        value
    }

    pub(crate) fn int(self, number: u32) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_create_uint32(self.0, number, &mut value));
        value
    }

    pub(crate) fn text(self, text: &str) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_create_string_utf8(self.0, text.as_ptr().cast(), text.len(), &mut value));
        value
    }

    pub(crate) fn array(self, items: &[napi_value]) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_create_array_with_length(self.0, items.len(), &mut value));
        for (at, item) in items.iter().enumerate() {
            api!(napi_set_element(self.0, value, at as u32, *item));
        }
        value
    }

    pub(crate) fn optional(self, text: Option<&str>) -> napi_value {
        text.map_or_else(|| self.undefined(), |text| self.text(text))
    }

    pub(crate) fn f64(self, value: napi_value) -> f64 {
        let mut number = f64::NAN;
        api!(napi_get_value_double(self.0, value, &mut number));
        number
    }

    pub(crate) fn u32(self, value: napi_value) -> u32 {
        self.f64(value) as u32
    }

    /// A number, or nothing for anything else.
    pub(crate) fn maybe(self, value: napi_value) -> Option<f64> {
        (self.kind(value) == ValueType::napi_number).then(|| self.f64(value))
    }

    pub(crate) fn flag(self, value: napi_value) -> bool {
        let mut on = false;
        api!(napi_get_value_bool(self.0, value, &mut on));
        on
    }

    pub(crate) fn is_false(self, value: napi_value) -> bool {
        self.kind(value) == ValueType::napi_boolean && !self.flag(value)
    }

    pub(crate) fn kind(self, value: napi_value) -> napi_valuetype {
        let mut kind = ValueType::napi_undefined;
        api!(napi_typeof(self.0, value, &mut kind));
        kind
    }

    pub(crate) fn is_text(self, value: napi_value) -> bool {
        self.kind(value) == ValueType::napi_string
    }

    pub(crate) fn string(self, value: napi_value) -> String {
        let bytes = self.utf8(value);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn maybe_string(self, value: napi_value) -> Option<String> {
        self.is_text(value).then(|| self.string(value))
    }

    /// How many UTF-16 units a string has.
    pub(crate) fn units(self, value: napi_value) -> usize {
        let mut units = 0;
        api!(napi_get_value_string_utf16(self.0, value, ptr::null_mut(), 0, &mut units));
        units
    }

    pub(crate) fn utf8(self, value: napi_value) -> Vec<u8> {
        let mut len = 0;
        api!(napi_get_value_string_utf8(self.0, value, ptr::null_mut(), 0, &mut len));
        let mut bytes = vec![0u8; len + 1];
        api!(napi_get_value_string_utf8(self.0, value, bytes.as_mut_ptr().cast(), len + 1, &mut len));
        bytes.truncate(len);
        bytes
    }

    pub(crate) fn latin1(self, value: napi_value) -> Vec<u8> {
        let mut len = self.units(value);
        let mut bytes = vec![0u8; len + 1];
        api!(napi_get_value_string_latin1(self.0, value, bytes.as_mut_ptr().cast(), len + 1, &mut len));
        bytes.truncate(len);
        bytes
    }

    pub(crate) fn utf16(self, value: napi_value) -> Vec<u8> {
        let mut len = self.units(value);
        let mut units = vec![0u16; len + 1];
        api!(napi_get_value_string_utf16(self.0, value, units.as_mut_ptr(), len + 1, &mut len));
        units[..len].iter().flat_map(|unit| unit.to_le_bytes()).collect()
    }

    pub(crate) fn keep(self, value: napi_value) -> napi_ref {
        let mut kept = ptr::null_mut();
        api!(napi_create_reference(self.0, value, 1, &mut kept));
        kept
    }

    pub(crate) fn kept(self, kept: napi_ref) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_get_reference_value(self.0, kept, &mut value));
        value
    }

    pub(crate) fn property(self, object: napi_value, name: &std::ffi::CStr) -> napi_value {
        let mut value = ptr::null_mut();
        api!(napi_get_named_property(self.0, object, name.as_ptr(), &mut value));
        value
    }

    /// Calls a function within the running turn.
    pub(crate) fn call(self, function: napi_ref, args: &[napi_value]) -> Result<napi_value, Thrown> {
        crate::mail::flush(self);
        crate::host::host(|h| h.mail.doubt());
        let (function, mut result) = (self.kept(function), ptr::null_mut());
        let status =
            api!(napi_call_function(self.0, self.undefined(), function, args.len(), args.as_ptr(), &mut result));
        if status == Status::napi_ok { Ok(result) } else { Err(self.caught()) }
    }

    /// The exception that is under way, taken.
    pub(crate) fn caught(self) -> Thrown {
        let (mut pending, mut error) = (false, ptr::null_mut());
        api!(napi_is_exception_pending(self.0, &mut pending));
        if !pending {
            return None;
        }
        api!(napi_get_and_clear_last_exception(self.0, &mut error));
        Some(error)
    }

    pub(crate) fn throw(self, thrown: Thrown) {
        if let Some(error) = thrown {
            api!(napi_throw(self.0, error));
        }
    }
}

thread_local! {
    /// The environment ends: it takes back by itself what was kept.
    pub(crate) static OVER: Cell<bool> = const { Cell::new(false) };
}
