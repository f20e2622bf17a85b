//! The system's error numbers, by name: the numbers differ from system to system.

use netfold_core::Errno;
use std::io;

macro_rules! names {
    ($($theirs:ident = $ours:ident,)*) => {
        /// The core's name of a system error.
        pub(super) fn errno(error: rustix::io::Errno) -> Errno {
            match error {
                $(rustix::io::Errno::$theirs => Errno::$ours,)*
                other => Errno::Other(other.raw_os_error()),
            }
        }
    };
}

names! {
    PERM = EPERM,
    NOENT = ENOENT,
    INTR = EINTR,
    IO = EIO,
    BADF = EBADF,
    AGAIN = EAGAIN,
    NOMEM = ENOMEM,
    ACCESS = EACCES,
    EXIST = EEXIST,
    NODEV = ENODEV,
    NOTDIR = ENOTDIR,
    INVAL = EINVAL,
    NFILE = ENFILE,
    MFILE = EMFILE,
    NOSPC = ENOSPC,
    ROFS = EROFS,
    PIPE = EPIPE,
    NAMETOOLONG = ENAMETOOLONG,
    LOOP = ELOOP,
    PROTO = EPROTO,
    NOTSOCK = ENOTSOCK,
    DESTADDRREQ = EDESTADDRREQ,
    MSGSIZE = EMSGSIZE,
    PROTOTYPE = EPROTOTYPE,
    NOPROTOOPT = ENOPROTOOPT,
    PROTONOSUPPORT = EPROTONOSUPPORT,
    OPNOTSUPP = ENOTSUP,
    AFNOSUPPORT = EAFNOSUPPORT,
    ADDRINUSE = EADDRINUSE,
    ADDRNOTAVAIL = EADDRNOTAVAIL,
    NETDOWN = ENETDOWN,
    NETUNREACH = ENETUNREACH,
    CONNABORTED = ECONNABORTED,
    CONNRESET = ECONNRESET,
    NOBUFS = ENOBUFS,
    ISCONN = EISCONN,
    NOTCONN = ENOTCONN,
    SHUTDOWN = ESHUTDOWN,
    TIMEDOUT = ETIMEDOUT,
    CONNREFUSED = ECONNREFUSED,
    HOSTDOWN = EHOSTDOWN,
    HOSTUNREACH = EHOSTUNREACH,
    ALREADY = EALREADY,
    INPROGRESS = EINPROGRESS,
    CANCELED = ECANCELED,
}

/// The core's name of an error that came through the standard library; `EIO` if the system had no part in it.
pub(super) fn io_errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, |number| errno(rustix::io::Errno::from_raw_os_error(number)))
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_the_core_s_name_for_it() {
        for number in 1..134 {
            let theirs = rustix::io::Errno::from_raw_os_error(number);
            assert_eq!(errno(theirs), Errno::from_linux(number), "{number}");
        }
    }
}
