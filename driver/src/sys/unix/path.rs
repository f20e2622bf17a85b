//! Unix paths, and the files that servers leave.

use super::errno::errno;
use super::os;
use netfold_core::Errno;
use rustix::fs::{Mode, chmod, stat};
use rustix::net::SocketAddrUnix;

/// The address of a path. A leading NUL names an abstract socket (Linux), of at most 107 bytes more. A path that does
/// not fit whole is `ENAMETOOLONG`: cut short, it would name another socket.
pub(super) fn address(path: &str) -> Result<SocketAddrUnix, Errno> {
    match path.as_bytes() {
        [] => Err(Errno::EINVAL),
        [0, name @ ..] if name.len() > os::PATH_MAX => Err(Errno::ENAMETOOLONG),
        [0, name @ ..] => os::abstract_address(name),
        bytes if bytes.len() > os::PATH_MAX => Err(Errno::ENAMETOOLONG),
        bytes => SocketAddrUnix::new(bytes).map_err(errno),
    }
}

/// The file of a listening Unix socket; it goes when this goes.
#[derive(Debug)]
pub(super) struct SocketFile(String);

impl SocketFile {
    /// None for an abstract socket, which has no file.
    pub(super) fn of(path: &str) -> Option<Self> {
        (!path.starts_with('\0')).then(|| Self(path.to_owned()))
    }
}

impl SocketFile {
    /// Lets everybody read, write, or both.
    pub(super) fn add_mode(&self, readable: bool, writable: bool) -> Result<(), Errno> {
        let (all_read, all_write) = (Mode::RUSR | Mode::RGRP | Mode::ROTH, Mode::WUSR | Mode::WGRP | Mode::WOTH);
        let mut wanted = Mode::empty();
        wanted.set(all_read, readable);
        wanted.set(all_write, writable);
        let now = Mode::from_raw_mode(stat(&self.0).map_err(errno)?.st_mode);
        if now.contains(wanted) { Ok(()) } else { chmod(&self.0, now | wanted).map_err(errno) }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody else may have removed it, or put another file there; libuv looks no closer.
        let _gone = rustix::fs::unlink(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_last_length_that_fits() {
        let fits = "x".repeat(os::PATH_MAX);
        assert!(address(&fits).is_ok());
        assert_eq!(address(&format!("{fits}x")), Err(Errno::ENAMETOOLONG));
        assert_eq!(address(""), Err(Errno::EINVAL));
        assert_eq!(address("a\0b"), Err(Errno::EINVAL));
        assert_eq!(address(&format!("\0{fits}x")), Err(Errno::ENAMETOOLONG));
        assert_eq!(address(&format!("\0{fits}")).is_ok(), cfg!(target_os = "linux"));
    }
}
