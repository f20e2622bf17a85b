//! Where to listen or connect, as given on a command line.

use netfold::{Connect, Listen};
use std::fmt;
use std::str::FromStr;

/// `PORT`, `HOST:PORT`, `[HOST]:PORT` or a Unix path. A bare port is one of the loopback address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A TCP port of a host.
    Tcp(String, u16),
    /// A Unix path.
    Path(String),
}

const LOOPBACK: &str = "127.0.0.1";

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is no port from 0 to 65535: give PORT, HOST:PORT or a path with a slash");
        if text.is_empty() {
            return Err(String::from("give PORT, HOST:PORT or a path"));
        }
        if text.contains('/') {
            return Ok(Place::Path(text.to_string()));
        }
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(Place::Tcp(LOOPBACK.to_string(), text.parse().map_err(|_| wrong())?));
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Place::Tcp(host.to_string(), port.parse().map_err(|_| wrong())?))
    }
}

impl Place {
    /// What to do when listening here fails with an error of this code; empty if there is nothing to say.
    pub fn advice(&self, code: &str) -> &'static str {
        match (code, self) {
            ("EADDRINUSE", Place::Tcp(..)) => "; stop the program that listens there, or give another port (0 for any)",
            ("EADDRINUSE", Place::Path(_)) => "; give another path, or remove the file if no program listens on it",
            ("EADDRNOTAVAIL", _) => "; give an address of this machine",
            ("ENOTFOUND", _) => "; give a host that can be resolved, or an address",
            ("EACCES", Place::Tcp(..)) => "; give a port from 1024 up, or run with more rights",
            ("EACCES", Place::Path(_)) => "; give a path in a folder that is there and can be written to",
            ("ENAMETOOLONG", _) => "; give a shorter path: at most 107 bytes on Linux, 103 elsewhere",
            ("EMFILE" | "ENFILE", _) => "; allow more open files (ulimit -n)",
            _ => "",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Place::Tcp(host, port) => write!(f, "{host}:{port}"),
            Place::Path(path) => f.write_str(path),
        }
    }
}

impl From<&Place> for Listen {
    fn from(place: &Place) -> Self {
        match place {
            Place::Tcp(host, port) => Listen::port(*port).host(host),
            Place::Path(path) => Listen::path(path),
        }
    }
}

impl From<&Place> for Connect {
    fn from(place: &Place) -> Self {
        match place {
            Place::Tcp(host, port) => Connect::port(*port).host(host),
            Place::Path(path) => Connect::path(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_and_printed() {
        for (text, printed) in [
            ("8124", "127.0.0.1:8124"),
            ("example.org:80", "example.org:80"),
            ("[::1]:80", "[::1]:80"),
            ("/tmp/echo.sock", "/tmp/echo.sock"),
            ("./echo.sock", "./echo.sock"),
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn what_is_none_of_them_is_refused_with_what_to_do() {
        for text in ["", "65536", "host:70000", "host", ":80", "host:"] {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains("give PORT"), "{text}: {error}");
        }
    }
}
