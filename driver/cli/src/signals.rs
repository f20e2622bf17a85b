//! Signals, as turns of the loop.

use netfold::{Net, Poster, System};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use std::io;

/// Runs `act` on the loop at each SIGINT and SIGTERM, until the handle is closed. The loop stays alive for that long.
pub fn on_signals<S: 'static>(
    poster: Poster<S, System>,
    act: impl Fn(&mut Net<S>) + Clone + Send + 'static,
) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    std::thread::Builder::new().name(String::from("signals")).spawn(move || {
        for _signal in signals.forever() {
            poster.post(act.clone());
        }
    })?;
    Ok(handle)
}
