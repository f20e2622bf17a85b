//! The grammar of a socket's events: what comes how often, and after what (rules C10, C11, L2, R6, W13).

use super::socket::Wrong;
use netfold::core::EventKind;

#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    connect: u32,
    pub(super) ready: u32,
    pub(super) end: u32,
    prefinish: u32,
    pub(super) finish: u32,
    pub(super) error: u32,
    pub(super) close: u32,
}

impl Order {
    /// Takes an event in. `hears` says whether somebody listens for 'connect': what nobody hears is not seen.
    pub(super) fn event(&mut self, kind: EventKind, hears: bool) -> Wrong {
        let counted = match kind {
            EventKind::Connect => &mut self.connect,
            EventKind::Ready => &mut self.ready,
            EventKind::End => &mut self.end,
            EventKind::Prefinish => &mut self.prefinish,
            EventKind::Finish => &mut self.finish,
            EventKind::Error => &mut self.error,
            EventKind::Close => &mut self.close,
            _ => &mut 0,
        };
        *counted += 1;
        let twice = *counted > 1;
        let what = match kind {
            EventKind::Pipe | EventKind::Unpipe | EventKind::Pause | EventKind::Resume => return None,
            _ if twice => "comes twice",
            EventKind::Lookup | EventKind::Connection => return None,
            EventKind::Close => return None,
            _ if self.close > 0 => "comes after 'close'",
            EventKind::Ready if hears && self.connect == 0 => "comes before 'connect'",
            EventKind::Data | EventKind::Readable if self.end > 0 => "comes after 'end'",
            EventKind::Drain if self.finish > 0 => "comes after 'finish'",
            EventKind::Connect | EventKind::Drain | EventKind::End | EventKind::Timeout if self.error > 0 => {
                "comes after 'error'"
            }
            _ => return None,
        };
        Some(("L2 order", format!("'{}' {what}", kind.name())))
    }
}
