//! TCP packets as they may have been, made of what a trace has: what was sent and read, where it began and how it ended.

use crate::filter::Filter;
use crate::timeline::picture::Picture;
use crate::timeline::{Fact, Kind, Line, nanoseconds};
use etherparse::{Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement};
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

/// Most packets of bytes that the trace does not have, beyond the first of each chunk: a trace of a few bytes may speak of many
/// gigabytes.
const BARE: usize = 100_000;

/// That of a packet with payload, which has no options.
const TCP_HEADER: usize = TcpHeader::MIN_LEN;

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
    /// The lane, for addresses that are made up.
    number: usize,
    /// Which connection of this socket it is: of several addresses each is tried with one of its own.
    attempt: u8,
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
    /// How many bytes the trace can still have: its file's, whatever its header promises.
    there: usize,
    /// How many more packets of bytes that it does not have are made.
    bare: usize,
}

/// The packets of every socket that is wanted, in order. The trace's file has so many bytes.
pub fn of(picture: &Picture, header: &Header, file: usize, filter: &Filter) -> Vec<Packet> {
    let mut streams = addresses(picture);
    // What failed on one connection may be sent again on another.
    let mut making = Making { header, packets: Vec::new(), now: 0, there: file.saturating_mul(2), bare: BARE };
    for ((line, at), &lane) in picture.lines.iter().zip(nanoseconds(&picture.lines)).zip(&picture.lane) {
        let Some(stream) = streams.get_mut(&lane) else { continue };
        let wanted = picture.lanes[lane].of.is_some_and(|of| filter.wants_target(of));
        if !wanted || !filter.in_time(line) {
            continue;
        }
        making.now = header.created.saturating_mul(1_000_000).saturating_add(at);
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
            number,
            attempt: 0,
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

const fn is_made_up(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => matches!(ip.octets(), [192, 0, 2, _] | [198, 18, _, _]),
        IpAddr::V6(ip) => matches!(ip.segments(), [0x2001, 0xdb8, ..]),
    }
}

/// An address that was made up, for a later attempt: from another network of those for documentation.
fn other(ip: IpAddr, attempt: u8) -> IpAddr {
    match ip {
        _ if attempt == 0 => ip,
        IpAddr::V4(ip) => Ipv4Addr::new(198, 18, attempt, ip.octets()[3]).into(),
        IpAddr::V6(ip) => (Ipv6Addr::from_bits(ip.to_bits() | u128::from(attempt) << 64)).into(),
    }
}

impl Making<'_> {
    fn line(&mut self, stream: &mut Stream, line: &Line) {
        match &line.fact {
            Fact::Connect(to) => {
                stream.remote = *to;
                self.begin(stream, Side::Here);
            }
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
        let local = stream.local;
        if local.is_ipv6() != stream.remote.is_ipv6() || stream.began && is_made_up(local.ip()) {
            stream.attempt = stream.attempt.wrapping_add(u8::from(stream.began));
            stream.local = made_up(stream.remote.is_ipv6(), true, stream.number);
            stream.local.set_ip(other(stream.local.ip(), stream.attempt));
        }
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
        if chunks.iter().all(|chunk| chunk.is_empty()) {
            return;
        }
        for chunk in chunks {
            let most = match kept {
                Kept::Full => chunk.len(),
                Kept::First(n) => chunk.len().min(n as usize),
                Kept::Length | Kept::Hash => 0,
            };
            let most = most.min(self.there);
            self.there -= most;
            for (n, piece) in chunk.chunks(SEGMENT).enumerate() {
                let there = most.saturating_sub(n * SEGMENT).min(piece.len());
                if there == 0 && n > 0 {
                    let Some(bare) = self.bare.checked_sub(1) else {
                        self.leave_out(stream, from, chunk.len() - n * SEGMENT);
                        break;
                    };
                    self.bare = bare;
                }
                self.packet(stream, from, ACK, &piece[..there], piece.len() - there);
            }
        }
        self.packet(stream, from.other(), ACK, &[], 0);
    }

    /// No packets for so many bytes that the trace does not have: there is a gap, and it is said.
    fn leave_out(&mut self, stream: &mut Stream, from: Side, bytes: usize) {
        let next = &mut stream.next[from as usize];
        *next = next.wrapping_add(bytes as u32);
        if let Some(last) = stream.last {
            self.packets[last]
                .comments
                .push(format!("{bytes} bytes more, which the trace does not have, are left out"));
        }
    }

    /// After the payload come so many bytes that the trace does not have.
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
        if missing > 0 {
            lengthen(&mut bytes, payload.len(), missing);
        }
        let len = bytes.len() + missing;
        let sent = (payload.len() + missing) as u32 + u32::from(flags.syn || flags.fin);
        stream.next[from as usize] = mine.wrapping_add(sent);
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

/// Makes a packet say that it was longer. Nobody can say what its check was: 0 is what a card fills in.
fn lengthen(packet: &mut [u8], payload: usize, missing: usize) {
    let tcp = packet.len() - payload - TCP_HEADER;
    packet[tcp + 16..tcp + 18].fill(0);
    let whole = packet.len() + missing;
    if let Ok((mut ip, _)) = Ipv4Header::from_slice(packet) {
        ip.total_len = whole as u16;
        ip.header_checksum = ip.calc_header_checksum();
        packet[..ip.header_len()].copy_from_slice(&ip.to_bytes());
    } else {
        let len = (whole - Ipv6Header::LEN) as u16;
        packet[4..6].copy_from_slice(&len.to_be_bytes());
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
