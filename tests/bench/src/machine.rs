//! What is asked of the machine that measures: on which core a thread runs, how long a process has run, what it holds.

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::io;
use std::time::Duration;

/// Runs `act` on one core: this thread, and the processes that it starts meanwhile.
pub fn on_core<T>(core: usize, act: impl FnOnce() -> T) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    pin(core)?;
    let done = act();
    sched_setaffinity(None, &before)?;
    Ok(done)
}

/// From now on this thread runs on one core.
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).map_err(Into::into)
}

/// How many cores this process may use.
pub fn cores() -> io::Result<usize> {
    Ok(sched_getaffinity(None)?.count() as usize)
}

/// As many descriptors as this process, and those that it starts, can have.
pub fn more_descriptors() -> io::Result<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}

/// How long the threads of a process have run on a core so far, in user and system together, to the nanosecond.
pub fn cpu_time(process: u32) -> io::Result<Duration> {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both pointers are to locals that outlive the calls, and the second is made only with the clock of the first.
    unsafe {
        let error = libc::clock_getcpuclockid(process.as_raw_nonzero().get(), &mut clock);
        if error != 0 {
            return Err(io::Error::from_raw_os_error(error));
        }
        if libc::clock_gettime(clock, &mut time) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// The memory of a process that is in RAM, in bytes.
pub fn resident(process: u32) -> io::Result<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")).and_then(|n| n.trim().parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no Rss in smaps_rollup"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_run_and_holds_memory() {
        let me = std::process::id();
        let before = cpu_time(me).unwrap();
        let work: u64 = (0..1_000_000).map(std::hint::black_box).sum();
        assert!(work > 0 && cpu_time(me).unwrap() > before);
        assert!(resident(me).unwrap() > 100_000);
        assert!(cpu_time(0).is_err());
    }

    #[test]
    fn a_thread_goes_back_to_all_its_cores() {
        let cores = cores().unwrap();
        let inside = on_core(0, super::cores).unwrap().unwrap();
        assert_eq!((inside, super::cores().unwrap()), (1, cores));
    }
}
