//! System error codes by name. The numbers differ from system to system, so the name is the truth.

use core::fmt;

macro_rules! errno {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// A system error, by the name that Node gives as `error.code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[non_exhaustive]
        #[allow(clippy::upper_case_acronyms)]
        pub enum Errno {
            $(#[doc = $text] $name,)*
            /// A number that has no name here.
            Other(i32),
        }

        impl Errno {
            /// Every code that has a name.
            pub const NAMED: &'static [Errno] = &[$(Errno::$name),*];

            /// The name, as in `error.code`; `UNKNOWN` for a number without one.
            pub const fn name(self) -> &'static str {
                match self { $(Errno::$name => stringify!($name),)* Errno::Other(_) => "UNKNOWN" }
            }

            /// What Node prints after the code in the messages of `listen`.
            pub const fn text(self) -> &'static str {
                match self { $(Errno::$name => $text,)* Errno::Other(_) => "unknown error" }
            }

            /// The number on Linux, positive. Node's `error.errno` is its negative.
            pub const fn linux_number(self) -> i32 {
                match self { $(Errno::$name => $number,)* Errno::Other(n) => n }
            }

            /// The code with this number on Linux.
            pub const fn from_linux(number: i32) -> Self {
                match number { $($number => Errno::$name,)* other => Errno::Other(other) }
            }
        }
    };
}

errno! {
    EPERM = 1, "operation not permitted";
    ENOENT = 2, "no such file or directory";
    EINTR = 4, "interrupted system call";
    EIO = 5, "i/o error";
    EBADF = 9, "bad file descriptor";
    EAGAIN = 11, "resource temporarily unavailable";
    ENOMEM = 12, "not enough memory";
    EACCES = 13, "permission denied";
    EEXIST = 17, "file already exists";
    ENODEV = 19, "no such device";
    ENOTDIR = 20, "not a directory";
    EINVAL = 22, "invalid argument";
    ENFILE = 23, "file table overflow";
    EMFILE = 24, "too many open files";
    ENOSPC = 28, "no space left on device";
    EROFS = 30, "read-only file system";
    EPIPE = 32, "broken pipe";
    ENAMETOOLONG = 36, "name too long";
    ELOOP = 40, "too many symbolic links encountered";
    EPROTO = 71, "protocol error";
    ENOTSOCK = 88, "socket operation on non-socket";
    EDESTADDRREQ = 89, "destination address required";
    EMSGSIZE = 90, "message too long";
    EPROTOTYPE = 91, "protocol wrong type for socket";
    ENOPROTOOPT = 92, "protocol not available";
    EPROTONOSUPPORT = 93, "protocol not supported";
    ENOTSUP = 95, "operation not supported on socket";
    EAFNOSUPPORT = 97, "address family not supported";
    EADDRINUSE = 98, "address already in use";
    EADDRNOTAVAIL = 99, "address not available";
    ENETDOWN = 100, "network is down";
    ENETUNREACH = 101, "network is unreachable";
    ECONNABORTED = 103, "software caused connection abort";
    ECONNRESET = 104, "connection reset by peer";
    ENOBUFS = 105, "no buffer space available";
    EISCONN = 106, "socket is already connected";
    ENOTCONN = 107, "socket is not connected";
    ESHUTDOWN = 108, "cannot send after transport endpoint shutdown";
    ETIMEDOUT = 110, "connection timed out";
    ECONNREFUSED = 111, "connection refused";
    EHOSTDOWN = 112, "host is down";
    EHOSTUNREACH = 113, "host is unreachable";
    EALREADY = 114, "connection already in progress";
    EINPROGRESS = 115, "operation now in progress";
    ECANCELED = 125, "operation canceled";
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a name could not be resolved, by the name that Node gives as `error.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum LookupCode {
    /// The name does not exist, or has no address of the wanted family.
    NotFound,
    /// The resolver could not answer now.
    TryAgain,
    /// The resolver failed for good.
    Fail,
    /// The resolver ran out of memory.
    Memory,
    /// The name is longer than 255 bytes, which no resolver is asked for.
    TooLong,
    /// Too many lookups are under way: the named bound [`Limits::lookups`](crate::Limits::lookups) was reached.
    TooMany,
}

impl LookupCode {
    /// The name, as in `error.code`.
    pub const fn name(self) -> &'static str {
        match self {
            LookupCode::NotFound => "ENOTFOUND",
            LookupCode::TryAgain | LookupCode::TooMany => "EAI_AGAIN",
            LookupCode::Fail => "EAI_FAIL",
            LookupCode::Memory => "EAI_MEMORY",
            LookupCode::TooLong => "EINVAL",
        }
    }

    /// Node's number in `error.errno`, as on Linux.
    pub const fn number(self) -> i32 {
        match self {
            LookupCode::NotFound => -3008,
            LookupCode::TryAgain | LookupCode::TooMany => -3001,
            LookupCode::Fail => -3004,
            LookupCode::Memory => -3006,
            LookupCode::TooLong => -22,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_code_comes_back_from_its_number() {
        for &code in Errno::NAMED {
            assert_eq!(Errno::from_linux(code.linux_number()), code);
        }
        assert_eq!(Errno::from_linux(4000), Errno::Other(4000));
        assert_eq!(Errno::Other(4000).name(), "UNKNOWN");
    }
}
