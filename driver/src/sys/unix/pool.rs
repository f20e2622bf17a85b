//! The threads that ask the resolver, which blocks.

use super::bell::Waker;
use crate::sys::Resolve;
use netfold_core::{LookupCode, LookupId};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many threads resolve at one time: libuv's number.
const THREADS: usize = 4;

/// How long a thread waits for another name before it ends.
const IDLE: Duration = Duration::from_secs(10);

type Answer = (LookupId, Result<Vec<IpAddr>, LookupCode>);

struct Question {
    lookup: LookupId,
    host: Box<str>,
    family: u8,
    hints: u32,
}

/// The queue is bounded by the machine (`Limits::lookups`), and so are the answers.
#[derive(Default)]
struct State {
    questions: VecDeque<Question>,
    answers: VecDeque<Answer>,
    threads: usize,
    idle: usize,
    over: bool,
}

struct Shared {
    state: Mutex<State>,
    asked: Condvar,
    resolver: Arc<dyn Resolve>,
    waker: Waker,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics with the lock held; the state is whole whatever happened.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads, started when there is work for them.
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    pub(super) fn new(resolver: Arc<dyn Resolve>, waker: Waker) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), asked: Condvar::new(), resolver, waker }))
    }

    /// Queues a question; fails if there is no thread for it and none can be started.
    pub(super) fn ask(&mut self, lookup: LookupId, host: &str, family: u8, hints: u32) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.idle <= state.questions.len() && state.threads < THREADS {
            let shared = self.0.clone();
            let started = std::thread::Builder::new().name("netfold-resolver".into()).spawn(move || work(&shared));
            match started {
                Ok(_) => state.threads += 1,
                Err(error) if state.threads == 0 => return Err(error),
                // The others will come to it.
                Err(_) => {}
            }
        }
        state.questions.push_back(Question { lookup, host: host.into(), family, hints });
        self.0.asked.notify_one();
        Ok(())
    }

    pub(super) fn answer(&mut self) -> Option<Answer> {
        self.0.lock().answers.pop_front()
    }
}

impl Drop for Pool {
    /// Does not wait for the threads: a resolver may block for minutes. They end when they come back.
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.over = true;
        state.questions.clear();
        self.0.asked.notify_all();
    }
}

fn work(shared: &Shared) {
    let mut state = shared.lock();
    loop {
        if let Some(Question { lookup, host, family, hints }) = state.questions.pop_front() {
            drop(state);
            let resolved = catch_unwind(AssertUnwindSafe(|| shared.resolver.resolve(&host, family, hints)));
            let answer = match resolved {
                Ok(Ok(list)) if list.is_empty() => Err(LookupCode::NotFound),
                Ok(answer) => answer,
                Err(_panic) => Err(LookupCode::Fail),
            };
            state = shared.lock();
            if state.over {
                break;
            }
            state.answers.push_back((lookup, answer));
            drop(state);
            shared.waker.wake();
            state = shared.lock();
            continue;
        }
        if state.over {
            break;
        }
        state.idle += 1;
        let (woken, waited) = shared.asked.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
        state = woken;
        state.idle -= 1;
        if waited.timed_out() && state.questions.is_empty() {
            break;
        }
    }
    state.threads -= 1;
}
