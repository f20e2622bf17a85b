//! The script happens.

use super::computer::ComputerState;
use super::wire::What;
use super::{Cut, Inner};
use crate::faults::{Fault, Script};

impl Inner {
    pub(super) fn set_script(&mut self, script: Script) {
        self.script = script;
        self.happened = 0;
        self.arrivals.retain(|arrival| !matches!(arrival.what, What::Fault));
        self.await_fault();
    }

    fn await_fault(&mut self) {
        if let Some((at, _)) = self.script.faults().get(self.happened) {
            self.post((*at).max(self.now), What::Fault);
        }
    }

    pub(super) fn next_fault(&mut self) {
        let Some((_, fault)) = self.script.faults().get(self.happened).cloned() else { return };
        self.happened += 1;
        self.mortality = true;
        self.happens(&fault);
        self.await_fault();
    }

    fn by_name(&self, name: &str) -> Option<u32> {
        self.computers.iter().position(|computer| computer.name == name).map(|at| at as u32)
    }

    /// The newest process of a name.
    fn process_named(&self, name: &str) -> Option<u32> {
        self.procs.iter().rposition(|proc| proc.name == name).map(|at| at as u32)
    }

    fn happens(&mut self, fault: &Fault) {
        let two = |a: &str, b: &str| self.by_name(a).zip(self.by_name(b));
        match fault {
            Fault::Cut(a, b) => {
                if let Some((a, b)) = two(a, b) {
                    self.cut(a, b, Cut::Silent);
                }
            }
            Fault::Unreachable(a, b) => {
                if let Some((a, b)) = two(a, b) {
                    self.cut(a, b, Cut::Unreachable);
                }
            }
            Fault::Heal(a, b) => {
                if let Some((a, b)) = two(a, b) {
                    self.heal(a, b);
                }
            }
            Fault::Latency(a, ms) => self.change(a, |computer| computer.latency = *ms),
            Fault::Crash(a) => {
                if let Some(a) = self.by_name(a) {
                    self.crash(a);
                }
            }
            Fault::Boot(a) => {
                if let Some(a) = self.by_name(a) {
                    self.boot(a);
                    let there = self.procs.iter().filter(|proc| proc.computer == a).map(|proc| proc.name.clone());
                    self.wanted.extend(there);
                }
            }
            Fault::Kill(p) => {
                if let Some(p) = self.process_named(p) {
                    self.kill(p);
                }
            }
            Fault::Start(p) => self.wanted.push(p.clone()),
            Fault::Stop(p) => self.stop(p, true),
            Fault::Go(p) => self.stop(p, false),
            Fault::Slow(p, n) => {
                if let Some(p) = self.process_named(p) {
                    self.procs[p as usize].slow = *n;
                }
            }
            Fault::Descriptors(p, n) => {
                if let Some(p) = self.process_named(p) {
                    let proc = &mut self.procs[p as usize];
                    proc.most_open = proc.open + n;
                }
            }
            Fault::Files(a, n) => self.change(a, |computer| computer.most_open = computer.open + n),
            Fault::Ports(a, n) => self.change(a, |computer| computer.set_ports(*n)),
            Fault::ResolverDelay(ms) => self.resolver_delay = *ms,
            Fault::ResolverFails(code) => self.resolver_failure = Some(*code),
            Fault::Well => self.all_well(),
        }
    }

    fn stop(&mut self, name: &str, stopped: bool) {
        if let Some(p) = self.process_named(name) {
            self.stop_process(p, stopped);
        }
    }

    pub(super) fn stop_process(&mut self, pid: u32, stopped: bool) {
        self.procs[pid as usize].stopped = stopped;
        self.mortality = true;
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut ComputerState)) {
        if let Some(a) = self.by_name(name) {
            change(&mut self.computers[a as usize]);
        }
    }

    fn all_well(&mut self) {
        self.cuts.clear();
        for computer in &mut self.computers {
            computer.up = true;
            computer.latency = 0;
            computer.most_open = usize::MAX;
            computer.all_ports();
        }
        for proc in &mut self.procs {
            (proc.stopped, proc.slow) = (false, 0);
            proc.most_open = super::computer::MOST_OPEN;
        }
        (self.resolver_delay, self.resolver_failure) = (0, None);
        self.well = true;
        self.look_for_cut_off();
    }
}
