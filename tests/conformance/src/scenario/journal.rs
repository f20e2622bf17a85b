//! What a program logs: for each actor its segments, with the round they were in.

use crate::{PATH_MARK, PORT_MARK, name_marks};
use netfold::core::host::Place;
use std::fmt::Write as _;

#[derive(Debug)]
struct Page {
    name: String,
    lines: String,
    /// The segment that the last line is of.
    open: Option<Place>,
    read: Option<Digest>,
}

/// Bytes that a socket gave out.
#[derive(Debug)]
struct Digest {
    bytes: u64,
    hash: u32,
}

const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// The log of a running program.
#[derive(Debug)]
pub(super) struct Journal {
    /// The actors, then the program itself.
    pages: Vec<Page>,
    pub(super) round: u32,
    /// Something was logged since this was last asked.
    fresh: bool,
    /// The program is over: nothing more is logged.
    closed: bool,
}

impl Journal {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let page = |name: &str| Page { name: name.into(), lines: String::new(), open: None, read: None };
        Self { pages: names.chain(["-"]).map(page).collect(), round: 0, fresh: false, closed: false }
    }

    /// The page of the program itself.
    pub(super) const fn own(&self) -> usize {
        self.pages.len() - 1
    }

    pub(super) fn log(&mut self, page: usize, place: Place, entry: &str) {
        if self.closed {
            return;
        }
        self.fresh = true;
        let page = &mut self.pages[page];
        if page.open == Some(place) {
            page.lines.push_str(" | ");
        } else {
            let kind = crate::kind_of(place);
            let end = if page.open.replace(place).is_some() { "\n" } else { "" };
            let _ = write!(page.lines, "{end}{} {kind}: ", self.round);
        }
        page.lines.push_str(entry);
    }

    /// What a socket gave out.
    pub(super) fn read(&mut self, page: usize, bytes: &[u8]) {
        if self.closed {
            return;
        }
        let digest = self.pages[page].read.get_or_insert(Digest { bytes: 0, hash: FNV_BASIS });
        digest.bytes += bytes.len() as u64;
        digest.hash = bytes.iter().fold(digest.hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME));
    }

    /// How many bytes a socket gave out.
    pub(super) fn bytes_read(&self, page: usize) -> u64 {
        self.pages[page].read.as_ref().map_or(0, |digest| digest.bytes)
    }

    pub(super) fn take_fresh(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The whole log, ports and these paths masked.
    pub(super) fn text(&self, paths: &[String]) -> String {
        let mut out = String::new();
        for page in &self.pages {
            let _ = writeln!(out, "== {}", page.name);
            if page.open.is_some() {
                out.push_str(&page.lines);
                out.push('\n');
            }
            if let Some(Digest { bytes, hash }) = &page.read {
                let _ = writeln!(out, "read {bytes} {hash:08x}");
            }
        }
        for path in paths {
            out = out.replace(path, &format!("{PATH_MARK}{path}{PATH_MARK}"));
        }
        name_marks(&name_marks(&out, PORT_MARK, "PORT"), PATH_MARK, "PATH")
    }
}
