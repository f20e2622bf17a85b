//! What the programs on all simulators share: what is asked of them, what a client sends, and how long it took.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a client sends at a time, in bytes.
pub const BYTES: usize = 64;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub clients: u32,
    /// How often each sends its bytes and has them back, on each connection.
    pub trips: u32,
    /// How many connections each has, one after the other.
    pub lives: u32,
    /// Whether each client is a host of its own, or all are on one; the server is always another.
    pub each: bool,
}

impl Load {
    /// `echo` or `churn`, then `two` or `each`.
    pub fn of_arguments() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let each = words.get(1).is_some_and(|word| word == "each");
        match words.first().map(String::as_str) {
            Some("echo") => Self { clients: 100, trips: 100, lives: 1, each },
            Some("churn") => Self { clients: 100, trips: 1, lives: 100, each },
            _ => panic!("echo or churn, then two or each"),
        }
    }

    fn connections(&self) -> u64 {
        u64::from(self.clients * self.lives)
    }
}

/// One trip after the other; every byte that comes back is compared. Then it is closed.
pub async fn trips<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, trips: u32) {
    for trip in 0..trips as usize {
        let sent: [u8; BYTES] = std::array::from_fn(|at| (at + trip * 3) as u8);
        stream.write_all(&sent).await.expect("a write");
        stream.flush().await.expect("a flush");
        let mut got = [0; BYTES];
        stream.read_exact(&mut got).await.expect("a read");
        assert_eq!(got, sent);
    }
}

/// Sends back what comes, until the end.
pub async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut bytes = [0; 1_024];
    loop {
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(n) => {
                stream.write_all(&bytes[..n]).await.expect("a write");
                stream.flush().await.expect("a flush");
            }
        }
    }
}

/// Runs it so often that it lasts, and prints what `world` prints.
pub fn measure(load: Load, mut run: impl FnMut()) {
    let cpu = || {
        let now = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
    };
    let (began, mut times) = (cpu(), 0);
    while times == 0 || cpu() - began < Duration::from_millis(200) {
        run();
        times += 1;
    }
    let seconds = (cpu() - began).as_secs_f64();
    let (what, count) = match load.lives {
        1 => ("round trips", load.connections() * u64::from(load.trips) * times),
        _ => ("connections", load.connections() * times),
    };
    println!("{count} {what} in {seconds:.6} s: {:.0} a second", count as f64 / seconds);
}
