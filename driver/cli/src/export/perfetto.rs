//! A trace in Perfetto's format: the messages of its published schema that are needed, with its field numbers.

use crate::filter::{Filter, id};
use crate::timeline::picture::Picture;
use crate::timeline::{Fact, Kind, nanoseconds};
use netfold::core::Target;
use prost::Message;
use std::collections::HashMap;

#[derive(Message)]
struct Trace {
    #[prost(message, repeated, tag = "1")]
    packet: Vec<TracePacket>,
}

#[derive(Message)]
struct TracePacket {
    #[prost(uint64, optional, tag = "8")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "10")]
    trusted_packet_sequence_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    track_event: Option<TrackEvent>,
    #[prost(uint32, optional, tag = "13")]
    sequence_flags: Option<u32>,
    #[prost(message, optional, tag = "60")]
    track_descriptor: Option<TrackDescriptor>,
}

#[derive(Message)]
struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(message, optional, tag = "3")]
    process: Option<ProcessDescriptor>,
    #[prost(uint64, optional, tag = "5")]
    parent_uuid: Option<u64>,
    #[prost(message, optional, tag = "8")]
    counter: Option<CounterDescriptor>,
}

#[derive(Message)]
struct ProcessDescriptor {
    #[prost(int32, optional, tag = "1")]
    pid: Option<i32>,
    #[prost(string, optional, tag = "6")]
    process_name: Option<String>,
}

#[derive(Message)]
struct CounterDescriptor {
    #[prost(int32, optional, tag = "3")]
    unit: Option<i32>,
}

#[derive(Message)]
struct TrackEvent {
    #[prost(message, repeated, tag = "4")]
    debug_annotations: Vec<DebugAnnotation>,
    #[prost(int32, optional, tag = "9")]
    kind: Option<i32>,
    #[prost(uint64, optional, tag = "11")]
    track_uuid: Option<u64>,
    #[prost(string, repeated, tag = "22")]
    categories: Vec<String>,
    #[prost(string, optional, tag = "23")]
    name: Option<String>,
    #[prost(int64, optional, tag = "30")]
    counter_value: Option<i64>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    flow_ids: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    terminating_flow_ids: Vec<u64>,
}

#[derive(Message)]
struct DebugAnnotation {
    #[prost(int64, optional, tag = "4")]
    int_value: Option<i64>,
    #[prost(string, optional, tag = "6")]
    string_value: Option<String>,
    #[prost(string, optional, tag = "10")]
    name: Option<String>,
}

mod kind {
    pub(super) const BEGIN: i32 = 1;
    pub(super) const END: i32 = 2;
    pub(super) const INSTANT: i32 = 3;
    pub(super) const COUNTER: i32 = 4;
}
const UNIT_BYTES: i32 = 3;
const STATE_CLEARED: u32 = 1;
const PROCESS: u64 = 1;

/// The tracks of one lane: states, events, bytes read, bytes sent.
const TRACKS: u64 = 4;

fn track(lane: usize, which: u64) -> u64 {
    2 + lane as u64 * TRACKS + which
}

/// What is at a time, and at which place among what is at that time.
struct Timed(u64, TracePacket);

pub fn file(picture: &Picture, filter: &Filter) -> Vec<u8> {
    let times = nanoseconds(&picture.lines);
    let wanted = |lane: usize| match picture.lanes[lane].of {
        None => filter.wants_everybody(),
        Some(of) => filter.wants_target(of),
    };
    let mut packet = descriptors(picture, &wanted);
    let mut timed = states(picture, &times, &wanted);
    timed.extend(events(picture, &times, filter));
    timed.sort_by_key(|Timed(at, _)| *at);
    packet.extend(timed.into_iter().map(|Timed(_, packet)| packet));
    for packet in &mut packet {
        packet.trusted_packet_sequence_id = Some(1);
    }
    if let Some(first) = packet.first_mut() {
        first.sequence_flags = Some(STATE_CLEARED);
    }
    Trace { packet }.encode_to_vec()
}

fn descriptors(picture: &Picture, wanted: &impl Fn(usize) -> bool) -> Vec<TracePacket> {
    let described =
        |track_descriptor| TracePacket { track_descriptor: Some(track_descriptor), ..TracePacket::default() };
    let process = ProcessDescriptor { pid: Some(1), process_name: Some(String::from("netfold")) };
    let mut out =
        vec![described(TrackDescriptor { uuid: Some(PROCESS), process: Some(process), ..Default::default() })];
    for (number, lane) in picture.lanes.iter().enumerate().filter(|(number, _)| wanted(*number)) {
        let name = lane.of.map_or(String::from("loop"), id);
        let child = |which, parent, name: String| TrackDescriptor {
            uuid: Some(track(number, which)),
            parent_uuid: Some(parent),
            name: Some(name),
            ..TrackDescriptor::default()
        };
        let about = if lane.about.is_empty() { name.clone() } else { format!("{name} {}", lane.about) };
        out.push(described(child(0, PROCESS, about)));
        out.push(described(child(1, track(number, 0), format!("{name} events"))));
        if let Some(Target::Socket(_)) = lane.of {
            for (which, what) in [(2, "bytes read"), (3, "bytes sent")] {
                let counter = Some(CounterDescriptor { unit: Some(UNIT_BYTES) });
                out.push(described(TrackDescriptor {
                    counter,
                    ..child(which, track(number, 0), format!("{name} {what}"))
                }));
            }
        }
    }
    out
}

fn event(at: u64, track_event: TrackEvent) -> Timed {
    Timed(at, TracePacket { timestamp: Some(at), track_event: Some(track_event), ..TracePacket::default() })
}

/// A slice for as long as a lane is in a state.
fn states(picture: &Picture, times: &[u64], wanted: &impl Fn(usize) -> bool) -> Vec<Timed> {
    let last = times.last().copied().unwrap_or(0);
    let mut out = Vec::new();
    for (number, lane) in picture.lanes.iter().enumerate().filter(|(number, _)| wanted(*number)) {
        let mut open = false;
        let mut slice = |at, kind, name: Option<&str>| {
            let track_uuid = Some(track(number, 0));
            let name = name.map(String::from);
            out.push(event(at, TrackEvent { kind: Some(kind), track_uuid, name, ..TrackEvent::default() }));
        };
        for (at, changed) in &lane.changes {
            let Some((_, state)) = changed.iter().find(|(name, _)| *name == "state") else { continue };
            if std::mem::take(&mut open) {
                slice(times[*at], kind::END, None);
            }
            if let Some(state) = state.as_str().filter(|state| *state != "released") {
                slice(times[*at], kind::BEGIN, Some(state));
                open = true;
            }
        }
        if open {
            slice(last + 1, kind::END, None);
        }
    }
    out
}

/// What a line is to the flow of a write.
#[derive(Default)]
struct Flows {
    through: Vec<u64>,
    ends: Vec<u64>,
}

fn flows(picture: &Picture) -> HashMap<usize, Flows> {
    let mut out: HashMap<usize, Flows> = HashMap::new();
    for (number, way) in (1..).zip(&picture.ways) {
        let stations: Vec<usize> = [Some(way.write), way.sent, way.callback].into_iter().flatten().collect();
        let Some((last, before)) = stations.split_last().filter(|(_, before)| !before.is_empty()) else { continue };
        before.iter().for_each(|at| out.entry(*at).or_default().through.push(number));
        out.entry(*last).or_default().ends.push(number);
    }
    out
}

/// An instant for each line that somebody did, and a new value of a counter for bytes.
fn events(picture: &Picture, times: &[u64], filter: &Filter) -> Vec<Timed> {
    let mut flows = flows(picture);
    let mut bytes: HashMap<u64, i64> = HashMap::new();
    let mut out = Vec::new();
    for (number, (line, &lane)) in picture.lines.iter().zip(&picture.lane).enumerate() {
        let counter = match line.fact {
            Fact::Read(_) => Some(2),
            Fact::Send(_) => Some(3),
            _ => None,
        };
        let whole = counter.filter(|_| matches!(line.of, Some(Target::Socket(_)))).map(|which| {
            let track_uuid = track(lane, which);
            let whole = bytes.entry(track_uuid).or_default();
            *whole += line.bytes.unwrap_or(0) as i64;
            (track_uuid, *whole)
        });
        if !filter.wants(line) {
            continue;
        }
        if let Some((track_uuid, whole)) = whole {
            let (kind, track_uuid, counter_value) = (Some(kind::COUNTER), Some(track_uuid), Some(whole));
            out.push(event(times[number], TrackEvent { kind, track_uuid, counter_value, ..TrackEvent::default() }));
        }
        if matches!(line.kind, Kind::Return | Kind::Idle | Kind::Schedule | Kind::Time) {
            continue;
        }
        let text = |name: &str, value: String| DebugAnnotation {
            name: Some(name.to_string()),
            string_value: Some(value),
            int_value: None,
        };
        let figure = |name: &str, value: u64| DebugAnnotation {
            name: Some(name.to_string()),
            int_value: Some(value as i64),
            string_value: None,
        };
        let Flows { through, ends } = flows.remove(&number).unwrap_or_default();
        let said = TrackEvent {
            debug_annotations: vec![
                text("text", line.text.clone()),
                figure("input", line.input),
                figure("turn", line.turn),
            ],
            kind: Some(kind::INSTANT),
            track_uuid: Some(track(lane, 1)),
            categories: vec![line.kind.name().to_string()],
            name: Some(line.name.to_string()),
            counter_value: None,
            flow_ids: through,
            terminating_flow_ids: ends,
        };
        out.push(event(times[number], said));
    }
    out
}
