//! A port in the forms that Node takes it in.

use netfold_core::{NodeError, SharedError, numeral};
use std::sync::Arc;

/// What the machine is given for a port that is none: it refuses it, in its place among the checks.
const NONE: i64 = -1;

/// A port as it was given: a number, or text that reads as one (rule E6). What is no port throws `ERR_SOCKET_BAD_PORT` where
/// it is used, and no sooner.
///
/// ```
/// use netfold::{Connect, Listen, Net};
///
/// let mut net = Net::new(()).unwrap();
/// let server = net.create_server(|_, _| {});
/// server.listen(&mut net, Listen::port("0x0")).unwrap();
/// server.close(&mut net);
/// let error = net.connect(Connect::port("80a")).unwrap_err();
/// assert_eq!(error.to_string(), "Port should be >= 0 and < 65536. Received type string ('80a').");
/// # net.run().unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    pub(crate) number: i64,
    given: Given,
}

#[derive(Clone, Debug, PartialEq)]
enum Given {
    Whole,
    Fraction(f64),
    Text(String),
}

impl Port {
    fn of(value: f64, given: Given) -> Self {
        if value == value.trunc() && value.abs() < 9e15 {
            // Within 53 bits every whole number is itself.
            let number = value as i64;
            let given = if u16::try_from(number).is_ok() { Given::Whole } else { given };
            return Self { number, given };
        }
        Self { number: NONE, given }
    }

    /// The error that the machine threw, told of what was given in place of what it was shown.
    pub(crate) fn told(&self, error: SharedError) -> SharedError {
        let NodeError::BadPort { name: name @ ("Port" | "options.port"), .. } = *error else { return error };
        match &self.given {
            Given::Whole => error,
            Given::Fraction(value) => Arc::new(NodeError::BadPort { name, received: shown(*value) }),
            Given::Text(text) => Arc::new(NodeError::BadPortText { name, received: text.clone() }),
        }
    }
}

/// A number as JavaScript prints it, up to 10^21.
fn shown(value: f64) -> String {
    if value.is_infinite() { format!("{}Infinity", if value < 0.0 { "-" } else { "" }) } else { value.to_string() }
}

macro_rules! whole {
    ($($given:ty)*) => {$(
        impl From<$given> for Port {
            fn from(number: $given) -> Self {
                Self { number: number.into(), given: Given::Whole }
            }
        }
    )*};
}

whole!(u8 i8 u16 i16 u32 i32 i64);

impl From<f64> for Port {
    fn from(value: f64) -> Self {
        Self::of(value, Given::Fraction(value))
    }
}

impl From<String> for Port {
    /// Text without a number in it, white space alone too, is no port.
    fn from(text: String) -> Self {
        let value = numeral(&text).filter(|value| *value != 0.0 || text.contains('0'));
        Self::of(value.unwrap_or(f64::NAN), Given::Text(text))
    }
}

impl From<&str> for Port {
    fn from(text: &str) -> Self {
        Self::from(text.to_string())
    }
}
