//! TCP packets as they may have been, made of what a trace has: what was sent and read, where it began and how it ended.

use crate::filter::Filter;
use crate::timeline::picture::Picture;
use crate::timeline::{Fact, Kind, Line, nanoseconds};
use etherparse::{PacketBuilder, TcpOptionElement};
use netfold::Bytes;
use netfold::core::Target;
use netfold::core::trace::{Header, Kept};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A packet, and what is to be said of it.
pub struct Packet {
    /// Since 1970 UTC, in nanoseconds.
    pub time: u64,
    pub bytes: Vec<u8>,
    /// How long it was; more than `bytes` if the trace does not have them all.
    pub len: usize,
    pub comments: Vec<String>,
}

/// Most bytes of payload in a packet: it has to fit an IP packet.
const SEGMENT: usize = 64_000;

/// Most comments of one packet; each may be as long as a line of the trace.
const COMMENTS: usize = 100;

/// One socket's connection.
struct Stream {
    local: SocketAddr,
    remote: SocketAddr,
    /// What each side sends next; the first is this one.
    next: [u32; 2],
    /// Which sides have sent FIN or RST.
    over: [bool; 2],
    began: bool,
    /// Chunks that the system was given and has not sent yet.
    given: Vec<Bytes>,
    /// The system was asked to send FIN.
    asked: bool,
    last: Option<usize>,
    /// Comments from before there was a packet.
    early: Vec<String>,
}

#[derive(Clone, Copy)]
enum Side {
    Here = 0,
    There = 1,
}

#[derive(Clone, Copy, Default)]
struct Flags {
    syn: bool,
    fin: bool,
    rst: bool,
    ack: bool,
}

const ACK: Flags = Flags { syn: false, fin: false, rst: false, ack: true };

struct Making<'a> {
    header: &'a Header,
    packets: Vec<Packet>,
    now: u64,
}

/// The packets of every socket that is wanted, in order.
pub fn of(picture: &Picture, header: &Header, filter: &Filter) -> Vec<Packet> {
    let mut streams = addresses(picture);
    let mut making = Making { header, packets: Vec::new(), now: 0 };
    for ((line, at), &lane) in picture.lines.iter().zip(nanoseconds(&picture.lines)).zip(&picture.lane) {
        let Some(stream) = streams.get_mut(&lane) else { continue };
        let wanted = picture.lanes[lane].of.is_some_and(|of| filter.wants_target(of));
        if !wanted || !filter.in_time(line) {
            continue;
        }
        making.now = header.created * 1_000_000 + at;
        making.line(stream, line);
        if matches!(line.kind, Kind::Emit | Kind::Command) {
            making.comment(stream, line);
        }
    }
    making.packets
}

/// Where each socket's two ends are: as the trace says, else made up and different for each.
fn addresses(picture: &Picture) -> HashMap<usize, Stream> {
    let mut known: HashMap<usize, (Option<SocketAddr>, Option<SocketAddr>)> = HashMap::new();
    let (mut asked, mut servers) = ("", HashMap::new());
    for (line, &lane) in picture.lines.iter().zip(&picture.lane) {
        if line.kind == Kind::Call {
            asked = line.name;
        }
        let (local, remote) = known.entry(lane).or_default();
        match (&line.fact, picture.lanes[lane].of) {
            (Fact::Connect(to), _) => *remote = Some(*to),
            (Fact::Address(is), Some(Target::Server(server))) => _ = servers.insert(server.to_string(), *is),
            (Fact::Address(is), _) if asked == "remote address" => *remote = Some(*is),
            (Fact::Address(is), _) => *local = Some(*is),
            _ => {}
        }
    }
    let sockets = picture.lanes.iter().enumerate().filter(|(_, lane)| matches!(lane.of, Some(Target::Socket(_))));
    let stream = |(number, lane): (usize, &crate::timeline::picture::Lane)| {
        let (local, remote) = known.get(&number).copied().unwrap_or_default();
        let server = lane.about.strip_prefix("of ").and_then(|server| servers.get(server)).copied();
        let accepted = lane.about.starts_with("of ");
        let local = local.or(server);
        let six = local.or(remote).is_some_and(|address| address.is_ipv6());
        // Unspecified addresses are a server's; two families cannot stand in one packet.
        let fits = |a: &SocketAddr| a.is_ipv6() == six && !a.ip().is_unspecified();
        let local = local.filter(fits).unwrap_or_else(|| made_up(six, !accepted, number));
        let remote = remote.filter(fits).unwrap_or_else(|| made_up(six, accepted, number));
        let stream = Stream {
            local,
            remote,
            next: [0, 0],
            over: [false, false],
            began: false,
            given: Vec::new(),
            asked: false,
            last: None,
            early: Vec::new(),
        };
        (number, stream)
    };
    sockets.map(stream).collect()
}

/// An address out of those that are for documentation. A client has a port of its own.
fn made_up(six: bool, client: bool, number: usize) -> SocketAddr {
    let last = if client { 1 + (number / 60_000) as u8 % 250 } else { 254 };
    let port = if client { 1_024 + (number % 60_000) as u16 } else { 1 };
    let ip = match six {
        true => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into())),
        false => IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
    };
    SocketAddr::new(ip, port)
}

impl Making<'_> {
    fn line(&mut self, stream: &mut Stream, line: &Line) {
        match &line.fact {
            Fact::Connect(_) => self.begin(stream, Side::Here),
            Fact::Connected { failed: false } => self.accept(stream, Side::There),
            Fact::Connected { failed: true } => self.end(stream, Side::There, true),
            Fact::Send(chunks) => stream.given.extend_from_slice(chunks),
            Fact::Fin => stream.asked = true,
            Fact::Answered { pending: true, .. } => {}
            Fact::Answered { failed, .. } | Fact::Sent { failed } => self.answered(stream, *failed),
            Fact::Read(bytes) => {
                self.data(stream, Side::There, std::slice::from_ref(bytes), self.header.read);
            }
            Fact::Eof => self.end(stream, Side::There, false),
            Fact::Cut => self.end(stream, Side::There, true),
            Fact::Close { reset } if stream.began => self.end(stream, Side::Here, *reset),
            _ if line.name == "adopt" => {
                self.begin(stream, Side::There);
                self.accept(stream, Side::Here);
            }
            // A Unix socket connects to no address.
            _ if line.name == "connect" && line.kind == Kind::Call => self.begin(stream, Side::Here),
            _ => {}
        }
    }

    fn answered(&mut self, stream: &mut Stream, failed: bool) {
        let chunks = std::mem::take(&mut stream.given);
        if !failed && !chunks.is_empty() {
            self.data(stream, Side::Here, &chunks, self.header.written);
        }
        if std::mem::take(&mut stream.asked) && !failed {
            self.end(stream, Side::Here, false);
        }
    }

    fn begin(&mut self, stream: &mut Stream, from: Side) {
        // Of several addresses each is tried with a SYN of its own.
        (stream.began, stream.next, stream.over) = (true, [0, 0], [false, false]);
        self.packet(stream, from, Flags { syn: true, ..Flags::default() }, &[], 0);
    }

    fn accept(&mut self, stream: &mut Stream, from: Side) {
        self.packet(stream, from, Flags { syn: true, ..ACK }, &[], 0);
        self.packet(stream, from.other(), ACK, &[], 0);
    }

    /// FIN or RST, once.
    fn end(&mut self, stream: &mut Stream, from: Side, reset: bool) {
        if stream.over[from as usize] {
            return;
        }
        self.packet(stream, from, Flags { fin: !reset, rst: reset, ..ACK }, &[], 0);
        stream.over[from as usize] = true;
        if reset {
            stream.over = [true, true];
        } else {
            self.packet(stream, from.other(), ACK, &[], 0);
        }
    }

    fn data(&mut self, stream: &mut Stream, from: Side, chunks: &[Bytes], kept: Kept) {
        for chunk in chunks {
            let most = match kept {
                Kept::Full => chunk.len(),
                Kept::First(n) => chunk.len().min(n as usize),
                Kept::Length | Kept::Hash => 0,
            };
            for (n, piece) in chunk.chunks(SEGMENT).enumerate() {
                let there = most.saturating_sub(n * SEGMENT).min(piece.len());
                self.packet(stream, from, ACK, piece, piece.len() - there);
            }
        }
        self.packet(stream, from.other(), ACK, &[], 0);
    }

    /// `missing` is how many of the last bytes the trace does not have.
    fn packet(&mut self, stream: &mut Stream, from: Side, flags: Flags, payload: &[u8], missing: usize) {
        let (source, to) = match from {
            Side::Here => (stream.local, stream.remote),
            Side::There => (stream.remote, stream.local),
        };
        let (mine, theirs) = (stream.next[from as usize], stream.next[from.other() as usize]);
        let builder = match (source.ip(), to.ip()) {
            (IpAddr::V4(source), IpAddr::V4(to)) => PacketBuilder::ipv4(source.octets(), to.octets(), 64),
            (source, to) => PacketBuilder::ipv6(six(source), six(to), 64),
        };
        let mut tcp = builder.tcp(source.port(), to.port(), mine, u16::MAX);
        if flags.ack {
            tcp = tcp.ack(theirs);
        }
        if flags.syn {
            let options = [TcpOptionElement::MaximumSegmentSize(SEGMENT as u16), TcpOptionElement::WindowScale(14)];
            tcp = tcp.syn().options(&options).expect("two options fit");
        }
        if flags.fin {
            tcp = tcp.fin();
        }
        if flags.rst {
            tcp = tcp.rst();
        }
        let mut bytes = Vec::with_capacity(tcp.size(payload.len()));
        tcp.write(&mut bytes, payload).expect("a Vec takes everything, and a segment fits");
        let len = bytes.len();
        bytes.truncate(len - missing);
        let one = u32::from(flags.syn || flags.fin);
        stream.next[from as usize] = mine.wrapping_add(payload.len() as u32).wrapping_add(one);
        stream.last = Some(self.packets.len());
        self.packets.push(Packet { time: self.now, bytes, len, comments: std::mem::take(&mut stream.early) });
    }

    /// What Node says of it is said of the packet before.
    fn comment(&mut self, stream: &mut Stream, line: &Line) {
        let comments = match stream.last {
            Some(last) => &mut self.packets[last].comments,
            None => &mut stream.early,
        };
        match comments.len() {
            0..COMMENTS => comments.push(format!("turn {}: {}", line.turn, line.text)),
            COMMENTS => comments.push(String::from("and more")),
            _ => {}
        }
    }
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Side::Here => Side::There,
            Side::There => Side::Here,
        }
    }
}

fn six(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
