//! Errors of the machine as JavaScript's, and back: one object for one error, wherever it turns up.

use crate::host::{face, host};
use crate::js::{Env, Thrown, api};
use napi_sys::*;
use netfold_core::{ErrorClass, NodeError, SharedError};
use std::collections::HashMap;
use std::sync::Arc;

/// The objects of errors that the machine, or somebody of its, still holds.
#[derive(Default)]
pub(crate) struct Errors {
    known: HashMap<*const NodeError, (SharedError, napi_ref)>,
}

impl Errors {
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl Env {
    /// An error of the user's, in a box of one element: anything can be thrown.
    pub(crate) fn user_error(self, boxed: napi_value, code: Option<String>, message: String) -> SharedError {
        let error = Arc::new(NodeError::User { code, message, tag: 0 });
        let kept = self.keep(boxed);
        host(|h| h.errors.known.insert(Arc::as_ptr(&error), (error.clone(), kept)));
        error
    }

    /// What JavaScript sees of an error.
    pub(crate) fn error(self, error: &SharedError) -> Result<napi_value, Thrown> {
        let known = host(|h| h.errors.known.get(&Arc::as_ptr(error)).map(|(_, kept)| *kept));
        if let Some(kept) = known {
            return Ok(self.unboxed(self.kept(kept)));
        }
        let made = self.make(error)?;
        let kept = self.keep(made);
        host(|h| h.errors.known.insert(Arc::as_ptr(error), (error.clone(), kept)));
        Ok(self.unboxed(made))
    }

    fn unboxed(self, boxed: napi_value) -> napi_value {
        let mut value = std::ptr::null_mut();
        api!(napi_get_element(self.0, boxed, 0, &mut value));
        value
    }

    fn make(self, error: &SharedError) -> Result<napi_value, Thrown> {
        let class = match error.class() {
            ErrorClass::Error => "Error",
            ErrorClass::TypeError => "TypeError",
            ErrorClass::RangeError => "RangeError",
            ErrorClass::AggregateError => "AggregateError",
        };
        let errors = error.errors().iter().map(|inner| self.error(inner)).collect::<Result<Vec<_>, _>>()?;
        let number = |number: Option<i32>| number.map_or_else(|| self.undefined(), |n| self.number(f64::from(n)));
        let (local, port) = error.local().unzip();
        let family = match &**error {
            NodeError::InvalidFamily { host, port, .. } => Some((host.as_str(), i32::from(*port))),
            _ => None,
        };
        let args = [
            self.text(class),
            self.text(error.code()),
            self.text(&error.to_string()),
            number(error.errno()),
            self.optional(error.syscall()),
            self.optional(error.address().or(family.map(|(host, _)| host))),
            number(error.port().or(family.map(|(_, port)| port))),
            self.optional(error.hostname()),
            self.optional(local),
            number(port.map(i32::from)),
            self.array(&errors),
        ];
        self.call(face(|f| f.error), &args)
    }

    /// Forgets the errors that nobody holds any more.
    pub(crate) fn forget_errors(self) {
        let gone: Vec<napi_ref> = host(|h| {
            let over = |error: &SharedError| Arc::strong_count(error) == 1;
            let known = &mut h.errors.known;
            let gone = known.values().filter(|(error, _)| over(error)).map(|(_, kept)| *kept).collect();
            known.retain(|_, (error, _)| !over(error));
            gone
        });
        for kept in gone {
            api!(napi_delete_reference(self.0, kept));
        }
    }

    /// What a misuse of the machine would be: a bug of this addon's.
    pub(crate) fn misuse(self, what: &str) -> napi_value {
        let mut error = std::ptr::null_mut();
        let message = self.text(&format!("netfold: {what}"));
        api!(napi_create_error(self.0, std::ptr::null_mut(), message, &mut error));
        error
    }
}
