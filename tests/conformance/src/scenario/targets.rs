//! Where programs connect to and listen: paths of their own, and a port that nobody listens on.

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

/// Nobody listens there.
pub(super) const REFUSED_PORT: u16 = 1;

/// What a path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A server to listen on.
    Server(usize),
    /// Nothing is there.
    Missing,
    /// An ordinary file.
    File,
}

/// The paths of a program; what is there goes when the program is over.
#[derive(Debug, Default)]
pub(super) struct Paths {
    uses: Vec<For>,
    paths: Vec<String>,
}

impl Paths {
    /// The path for this, the same at each call.
    pub(super) fn path(&mut self, to: For) -> String {
        if let Some(at) = self.uses.iter().position(|known| *known == to) {
            return self.paths[at].clone();
        }
        let path = own_path();
        if to == For::File {
            fs::write(&path, "").expect("the temporary folder can be written to");
        }
        self.uses.push(to);
        self.paths.push(path.clone());
        path
    }

    /// A path of this many bytes.
    pub(super) fn long(&mut self, length: usize) -> String {
        self.keep(format!("{:x<length$}", own_path()))
    }

    /// A path that has a NUL in it.
    pub(super) fn with_nul(&mut self) -> String {
        self.keep(format!("{}\0more", own_path()))
    }

    /// A name in the abstract namespace.
    pub(super) fn abstract_name(&mut self) -> String {
        let name = self.keep(own_path());
        format!("\0{name}")
    }

    /// A path in a folder that is not there.
    pub(super) fn in_no_folder(&mut self) -> String {
        self.keep(format!("{}/missing", own_path()))
    }

    fn keep(&mut self, path: String) -> String {
        self.paths.push(path.clone());
        path
    }

    pub(super) fn known(&self) -> &[String] {
        &self.paths
    }
}

impl Drop for Paths {
    fn drop(&mut self) {
        for path in &self.paths {
            let _ = fs::remove_file(path);
        }
    }
}

/// None is the beginning of another.
fn own_path() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("nf-{}-{count}.sock", std::process::id()));
    path.to_string_lossy().into_owned()
}
