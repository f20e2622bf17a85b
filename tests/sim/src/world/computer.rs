//! Computers, and the processes on them.

use super::process::Tables;
use super::sock::{NOBODY, Ref};
use super::time_wait::Waits;
use super::{Inner, World};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The ports that are given out, as Linux has them.
const PORTS: (u16, u16) = (32_768, 61_000);

/// How many descriptors a process may have.
pub(super) const MOST_OPEN: usize = 1_048_576;

/// What a process has open before its first socket: standard streams, and what a loop needs.
const DESCRIPTORS: usize = 8;

/// A socket's file.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    /// Who is bound to it, if that is still there.
    pub(super) socket: Option<Ref>,
    pub(super) owner: u32,
    pub(super) mode: u16,
}

impl File {
    /// To connect is to write. User 0 may everything; groups there are none.
    pub(super) const fn may_write(&self, user: u32) -> bool {
        let bit = if user == self.owner { 0o200 } else { 0o002 };
        user == 0 || self.mode & bit != 0
    }
}

#[derive(Clone, Debug)]
pub(super) struct ComputerState {
    pub(super) name: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) up: bool,
    /// What a packet to it or from it takes longer, in milliseconds.
    pub(super) latency: u64,
    pub(super) open: usize,
    pub(super) most_open: usize,
    pub(super) ports: BTreeMap<u16, Vec<Ref>>,
    pub(super) port_range: (u16, u16),
    pub(super) next_port: u16,
    /// Every port that is given out is in use: the next search need not look for one that is not.
    pub(super) no_port_unused: bool,
    pub(super) waits: Waits,
    /// There was a listener without SO_REUSEADDR: what it accepted is in everybody's way.
    pub(super) strict_listeners: bool,
    /// Each with whether everybody may make files in it.
    pub(super) directories: BTreeMap<String, bool>,
    pub(super) files: BTreeMap<String, File>,
    pub(super) abstracts: BTreeMap<String, Ref>,
}

impl ComputerState {
    pub(super) fn new(name: &str, addresses: Vec<IpAddr>) -> Self {
        Self {
            name: name.into(),
            addresses,
            up: true,
            latency: 0,
            open: 0,
            most_open: usize::MAX,
            ports: BTreeMap::new(),
            port_range: PORTS,
            next_port: PORTS.0,
            no_port_unused: false,
            waits: Waits::default(),
            strict_listeners: false,
            directories: BTreeMap::from([("/tmp".into(), true)]),
            files: BTreeMap::new(),
            abstracts: BTreeMap::new(),
        }
    }

    /// Gives out no more than so many ports.
    pub(super) fn set_ports(&mut self, count: u16) {
        self.give_ports(PORTS.0..PORTS.0 + count.min(PORTS.1 - PORTS.0));
    }

    pub(super) fn all_ports(&mut self) {
        self.give_ports(PORTS.0..PORTS.1);
    }

    pub(super) fn give_ports(&mut self, ports: std::ops::Range<u16>) {
        (self.port_range, self.no_port_unused) = ((ports.start, ports.end), false);
    }
}

#[derive(Clone, Debug)]
pub(super) struct ProcState {
    pub(super) computer: u32,
    pub(super) name: String,
    /// When it began: its own clock is at 0 then.
    pub(super) born: u64,
    pub(super) alive: bool,
    /// It stands still: no program of it runs.
    pub(super) stopped: bool,
    /// How many bytes of a connection it reads in a millisecond; 0 for as many as come.
    pub(super) slow: usize,
    /// It stands in the list of those that something has happened to.
    pub(super) stirred: bool,
    pub(super) user: u32,
    pub(super) open: usize,
    pub(super) most_open: usize,
    pub(super) tables: Tables,
}

impl Inner {
    pub(super) fn add_computer(&mut self, name: &str, addresses: Vec<IpAddr>) -> u32 {
        let id = self.computers.len() as u32;
        for address in &addresses {
            let before = self.addresses.insert(address.to_canonical(), id);
            assert!(before.is_none(), "two computers have the address {address}");
        }
        self.computers.push(ComputerState::new(name, addresses));
        id
    }

    pub(super) fn add_process(&mut self, computer: u32, name: &str) -> u32 {
        let state = &mut self.computers[computer as usize];
        state.open += DESCRIPTORS;
        self.procs.push(ProcState {
            computer,
            name: name.into(),
            born: self.now,
            alive: state.up,
            stopped: false,
            slow: 0,
            stirred: false,
            user: 1_000,
            open: DESCRIPTORS,
            most_open: MOST_OPEN,
            tables: Tables::default(),
        });
        self.procs.len() as u32 - 1
    }

    /// The process is no more: the kernel closes its descriptors, in their order.
    pub(super) fn kill(&mut self, pid: u32) {
        let proc = &mut self.procs[pid as usize];
        if !std::mem::replace(&mut proc.alive, false) {
            return;
        }
        proc.tables.clear();
        self.mortality = true;
        let proc = &mut self.procs[pid as usize];
        let open = std::mem::take(&mut proc.open);
        let mut own: Vec<Ref> = self.socks.iter().filter(|(_, s)| s.pid == pid).map(|(at, s)| (at, s.serial)).collect();
        own.sort_by_key(|which| which.1);
        let computer = self.procs[pid as usize].computer as usize;
        self.computers[computer].open -= open;
        for which in own {
            if let Some(sock) = self.sock(which) {
                (sock.pid, sock.handle, sock.watch) = (NOBODY, None, None);
            }
            match self.peek(which).is_some_and(|sock| sock.is_tcp()) {
                true => self.close_tcp(which, false),
                false => self.close_unix(which, false),
            }
        }
    }

    /// The computer is gone at once, and says nothing to anybody. Its disk stays as it is.
    pub(super) fn crash(&mut self, computer: u32) {
        if !std::mem::replace(&mut self.computers[computer as usize].up, false) {
            return;
        }
        self.mortality = true;
        for proc in self.procs.iter_mut().filter(|proc| proc.computer == computer && proc.alive) {
            (proc.alive, proc.open) = (false, 0);
            proc.tables.clear();
        }
        self.socks.retain(|_, sock| sock.computer != computer);
        let state = &mut self.computers[computer as usize];
        state.open = 0;
        state.ports.clear();
        state.no_port_unused = false;
        state.waits = Waits::default();
        state.abstracts.clear();
        state.files.values_mut().for_each(|file| file.socket = None);
        self.look_for_cut_off();
    }

    /// It runs again, with no process.
    pub(super) fn boot(&mut self, computer: u32) {
        self.computers[computer as usize].up = true;
        self.look_for_cut_off();
    }
}

/// A computer of a [`World`]: with addresses, files of Unix sockets, and processes. A clone is another hold on the same one.
#[derive(Clone)]
pub struct Computer {
    pub(super) world: World,
    pub(super) id: u32,
}
