//! A whole trace as what a picture of it is drawn from: lanes, lines in them, states over lines, and the way of each write.

use super::{Fact, Kind, Line, Walk};
use crate::state::{self, State};
use netfold::CallbackId;
use netfold::core::trace::{ReplayError, Trace};
use netfold::core::{Core, Target};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// Whose lines stand in one row.
#[derive(Debug)]
pub struct Lane {
    /// `None` is the loop: time, phases, timers, and what is nobody's.
    pub of: Option<Target>,
    /// Where it goes to, or who accepted it.
    pub about: String,
    /// From which line on which of its properties are other than before.
    pub changes: Vec<(usize, Vec<(&'static str, Value)>)>,
    last: State,
}

/// From a write over the system's word that it is sent to its callback, by the numbers of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub lane: usize,
    pub write: usize,
    pub sent: Option<usize>,
    pub callback: Option<usize>,
}

#[derive(Debug, Default)]
pub struct Picture {
    pub lanes: Vec<Lane>,
    pub lines: Vec<Line>,
    /// The lane of each line.
    pub lane: Vec<usize>,
    pub ways: Vec<Way>,
    /// Why the trace could not be read to its end.
    pub failed: Option<ReplayError>,
}

/// What a socket has written and not yet heard of.
#[derive(Default)]
struct Writes {
    /// Bytes that the user wrote, that the system was given, and that it has sent.
    written: u64,
    given: u64,
    sent: u64,
    /// The line of the send that is asked.
    asked: Option<u64>,
    /// Ways whose bytes end here and are not all sent.
    unsent: VecDeque<(u64, usize)>,
    /// Ways whose callback has not run.
    uncalled: VecDeque<(CallbackId, usize)>,
}

#[derive(Default)]
struct Drawing {
    picture: Picture,
    numbers: HashMap<Option<Target>, usize>,
    writes: HashMap<Target, Writes>,
    /// Lanes whose state may have changed since the turn began.
    touched: BTreeSet<usize>,
    /// The line of the input that all comes from.
    cause: usize,
}

impl Picture {
    /// All that can be read. `progress` hears how many inputs were.
    pub fn new(trace: &Trace, mut progress: impl FnMut(u64)) -> Self {
        let mut drawing = Drawing::default();
        drawing.lane(None);
        let mut walk = Walk::new(trace);
        loop {
            let more = walk.next().map(|lines| lines.is_some());
            drawing.batch(walk.lines(), walk.core());
            match more {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    drawing.picture.failed = Some(error);
                    break;
                }
            }
            if let Some(line) = walk.lines().last().filter(|line| line.input % 4096 == 0) {
                progress(line.input);
            }
        }
        drawing.look(walk.core(), true);
        drawing.picture
    }
}

impl Drawing {
    fn lane(&mut self, of: Option<Target>) -> usize {
        let lanes = &mut self.picture.lanes;
        *self.numbers.entry(of).or_insert_with(|| {
            lanes.push(Lane { of, about: String::new(), changes: Vec::new(), last: State::new() });
            lanes.len() - 1
        })
    }

    /// Outputs, and the input after them.
    fn batch(&mut self, lines: &[Line], core: &Core) {
        let mut idle = false;
        for line in lines {
            let lane = self.lane(line.of);
            let at = self.picture.lines.len();
            if line.kind.is_input() {
                // What came out until here came of the input before.
                self.look(core, idle);
                self.cause = at;
            }
            idle |= line.kind == Kind::Idle;
            self.touched.insert(lane);
            if let Some(of) = line.of {
                self.way(of, lane, at, line);
                self.about(lane, line);
            }
            self.picture.lines.push(line.clone());
            self.picture.lane.push(lane);
        }
    }

    fn about(&mut self, lane: usize, line: &Line) {
        if line.kind == Kind::Call && matches!(line.name, "connect" | "bind") {
            let about = line.text.splitn(4, ' ').nth(3).unwrap_or_default();
            let about = about.split(" ipv6_only").next().unwrap_or_default();
            about.clone_into(&mut self.picture.lanes[lane].about);
        }
    }

    /// Looks what has changed in the lanes that were touched; at the end of a turn they are forgotten.
    fn look(&mut self, core: &Core, turn_over: bool) {
        for &number in &self.touched {
            let lane = &mut self.picture.lanes[number];
            let now = match lane.of {
                Some(Target::Socket(id)) => state::socket(core, id),
                Some(Target::Server(id)) => state::server(core, id),
                None => continue,
            };
            let mut now = now.unwrap_or_else(|| match lane.last.is_empty() {
                true => State::new(),
                false => vec![("state", "released".into())],
            });
            if let Some(server) = now.iter().find(|(name, _)| *name == "server").and_then(|(_, v)| v.as_str()) {
                lane.about = format!("of {server}");
            }
            let before = std::mem::take(&mut lane.last);
            let old = |name: &str| before.iter().find(|(n, _)| *n == name).map(|(_, value)| value);
            let changed: Vec<_> = now.iter().filter(|(name, value)| old(name) != Some(value)).cloned().collect();
            if !changed.is_empty() {
                lane.changes.push((self.cause, changed));
            }
            lane.last.append(&mut now);
        }
        if turn_over {
            self.touched.clear();
        }
    }

    /// Follows bytes from the write to the system's word to the callback.
    fn way(&mut self, of: Target, lane: usize, at: usize, line: &Line) {
        let ways = &mut self.picture.ways;
        let writes = self.writes.entry(of).or_default();
        match &line.fact {
            Fact::Write { bytes, callback } => {
                writes.written += bytes;
                let way = ways.len();
                ways.push(Way { lane, write: at, sent: None, callback: None });
                if *bytes > 0 {
                    writes.unsent.push_back((writes.written, way));
                }
                writes.uncalled.extend(callback.map(|callback| (callback, way)));
            }
            Fact::Send(_) => {
                writes.given += line.bytes.unwrap_or(0);
                writes.asked = line.bytes;
            }
            Fact::Answered { pending, failed } => {
                let asked = writes.asked.take();
                if asked.is_some() && !pending && !failed {
                    writes.sent(ways, at);
                }
            }
            Fact::Sent { failed: false } => writes.sent(ways, at),
            Fact::Callback(callback) => {
                if let Some(at_queue) = writes.uncalled.iter().position(|(queued, _)| queued == callback) {
                    let (_, way) = writes.uncalled.remove(at_queue).expect("it was just found");
                    ways[way].callback = Some(at);
                }
            }
            _ => {}
        }
    }
}

impl Writes {
    /// All that the system was given is sent.
    fn sent(&mut self, ways: &mut [Way], at: usize) {
        self.sent = self.given;
        while let Some(&(end, way)) = self.unsent.front()
            && end <= self.sent
        {
            ways[way].sent = Some(at);
            self.unsent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netfold::{Connect, Listen, Net, Recording};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A client that writes three times, the second time more than a socket takes at once.
    fn recorded() -> Vec<u8> {
        let sink = Sink::default();
        let mut net = Net::recorded((), Recording::to(sink.clone())).unwrap();
        let server = net.create_server(|net, socket| {
            socket.resume(net);
            let server = socket.server(net).unwrap();
            server.close(net);
            socket.on_end(net, |net, socket| socket.end(net));
        });
        server.listen_then(&mut net, Listen::port(0).host("127.0.0.1"), |net, server| {
            let netfold::Address::Tcp(address) = server.address(net) else { panic!() };
            let client = net.connect(Connect::port(address.port()).host("127.0.0.1")).unwrap();
            client.on_connect(net, |net, client| {
                client.write_then(net, "one", |_, _, _| {});
                client.write_then(net, vec![0; 20_000_000], |_, _, _| {});
                client.write(net, "three");
                client.end(net);
            });
        });
        net.run().unwrap();
        net.finish_recording().unwrap();
        drop(net);
        sink.0.lock().unwrap().clone()
    }

    #[test]
    fn each_write_is_followed_to_its_callback() {
        let trace = Trace::parse(recorded()).unwrap();
        let picture = Picture::new(&trace, |_| {});
        assert_eq!(picture.failed, None);
        let of = |at: usize| picture.lines[at].of;
        let client = |way: &&Way| picture.lines[way.write].name == "write";
        let ways: Vec<_> = picture.ways.iter().filter(client).collect();
        assert_eq!(ways.len(), 3);
        for (way, bytes) in ways.iter().zip([3, 20_000_000, 5]) {
            let sent = way.sent.unwrap();
            assert_eq!(picture.lines[way.write].bytes, Some(bytes));
            assert!(way.write < sent && of(way.write) == of(sent), "{way:?}");
            if let Some(callback) = way.callback {
                assert!(sent < callback && picture.lines[callback].name == "callback" && of(callback) == of(sent));
            }
        }
        assert_eq!(ways.iter().map(|way| way.callback.is_some()).collect::<Vec<_>>(), [true, true, false]);
        assert_eq!(picture.lines[ways[0].sent.unwrap()].name, "reply", "at once");
        assert_eq!(picture.lines[ways[1].sent.unwrap()].name, "written", "later");
    }

    #[test]
    fn a_lane_has_each_state_at_the_line_that_brought_it() {
        let trace = Trace::parse(recorded()).unwrap();
        let picture = Picture::new(&trace, |_| {});
        let client = picture
            .lanes
            .iter()
            .find(|lane| lane.about.starts_with("127.0.0.1:") && matches!(lane.of, Some(Target::Socket(_))))
            .unwrap();
        let states = client.changes.iter().filter_map(|(at, changed)| {
            let (_, state) = changed.iter().find(|(name, _)| *name == "state")?;
            Some((picture.lines[*at].name, state.as_str().unwrap()))
        });
        let states: Vec<_> = states.collect();
        let expected = [("new Socket", "idle"), ("connect", "opening")];
        assert_eq!(states[..2], expected, "{states:?}");
        assert!(states.contains(&("connected", "open")), "{states:?}");
        assert_eq!(states.last(), Some(&("close", "closed")), "{states:?}");
    }
}
