//! The world as a kernel.

use super::program::{Op, Outcome, SLOTS, System, bytes};
use netfold::core::HandleKind;
use netfold_sim::{Chooser, Descriptor, Errno, Place, World};
use std::net::{Ipv4Addr, SocketAddr};

pub struct Simulated {
    unix: bool,
    world: World,
    chooser: Chooser,
    slots: [Option<Descriptor>; SLOTS],
    bound: Option<SocketAddr>,
    sent: u8,
}

impl Simulated {
    pub fn new(unix: bool, chooser: Chooser) -> Self {
        let world = World::new(chooser.clone());
        Self { unix, world, chooser, slots: Default::default(), bound: None, sent: 0 }
    }

    fn place(&self, port: u16) -> Place {
        if self.unix { Place::Unix("/tmp/kernel".into()) } else { Place::Tcp((Ipv4Addr::LOCALHOST, port).into()) }
    }

    fn bind(&mut self, slot: usize, again: bool) -> Result<(), Errno> {
        let port = self.bound.filter(|_| again).map_or(0, |bound| bound.port());
        let place = self.place(port);
        let Some(socket) = &self.slots[slot] else { return Ok(()) };
        socket.bind(&place)?;
        self.bound = socket.local();
        Ok(())
    }

    /// Whatever is on its way may arrive before the next call, or not.
    fn pass(&self) {
        while self.world.is_under_way() && self.chooser.choose("pass", 2) == 1 {
            self.world.pass();
        }
    }
}

impl System for Simulated {
    fn call(&mut self, op: Op) -> Outcome {
        self.pass();
        let done = |result| Outcome::of(result, |()| Outcome::Done);
        let (Op::Socket(slot)
        | Op::Bind(slot)
        | Op::BindAgain(slot)
        | Op::Listen(slot, _)
        | Op::Connect(slot)
        | Op::Accept(slot)
        | Op::Send(slot, _)
        | Op::Recv(slot, _)
        | Op::Shutdown(slot, ..)
        | Op::Close(slot, _)
        | Op::Error(slot)
        | Op::Poll(slot)) = op;
        let Some(socket) = self.slots[slot].clone() else {
            if let Op::Socket(slot) = op {
                let kind = if self.unix { HandleKind::Pipe } else { HandleKind::Tcp };
                self.slots[slot] = Some(self.world.process().socket(kind, false).expect("a socket"));
                return Outcome::Done;
            }
            return Outcome::Nothing;
        };
        match op {
            Op::Socket(_) => Outcome::Nothing,
            Op::Bind(slot) => done(self.bind(slot, false)),
            Op::BindAgain(slot) => done(self.bind(slot, true)),
            Op::Listen(_, backlog) => done(socket.listen(backlog)),
            Op::Connect(_) => done(socket.connect(&self.place(self.bound.map_or(1, |bound| bound.port())))),
            Op::Accept(_) => {
                let Some(free) = self.slots.iter().position(Option::is_none) else { return Outcome::Nothing };
                Outcome::of(socket.accept(), |accepted| {
                    self.slots[free] = Some(accepted);
                    Outcome::Done
                })
            }
            Op::Send(_, len) => Outcome::of(socket.send(&bytes(&mut self.sent, len)), Outcome::Count),
            Op::Recv(_, len) => Outcome::of(socket.recv(len), |bytes| Outcome::Bytes(bytes.to_vec())),
            Op::Shutdown(_, false, false) => Outcome::Nothing,
            Op::Shutdown(_, read, write) => done(socket.shutdown(read, write)),
            Op::Close(slot, reset) => {
                socket.close(reset);
                self.slots[slot] = None;
                Outcome::Done
            }
            Op::Error(_) => Outcome::Was(socket.take_error()),
            Op::Poll(_) => Outcome::Ready(socket.readiness()),
        }
    }
}
