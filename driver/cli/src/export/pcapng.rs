//! Packets as a pcapng file (draft-ietf-opsawg-pcapng), which Wireshark opens: a section header, one interface of bare IP
//! packets, and a block for each packet.

use super::packets::Packet;
use netfold::core::trace::Header;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

const COMMENT: u16 = 1;
const APPLICATION: u16 = 4;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;

/// LINKTYPE_RAW: packets begin with their IP header.
const RAW: u16 = 101;

const SAID: &str = "Made by netfold out of a trace, which has no packets: IP and TCP headers, sequence numbers, \
acknowledgements, and addresses that the program never asked for (192.0.2.x, 2001:db8::x) are made up from byte \
offsets. What was sent and read, in which order and when (in milliseconds; lines of one share it evenly), is the \
trace's. Comments of packets are Node's events and the program's calls, which followed on the packet.";

pub fn file(header: &Header, packets: &[Packet]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut body = Vec::new();
    body.extend_from_slice(&0x1A2B_3C4D_u32.to_le_bytes());
    body.extend_from_slice(&1_u16.to_le_bytes());
    body.extend_from_slice(&0_u16.to_le_bytes());
    body.extend_from_slice(&u64::MAX.to_le_bytes()); // the section's length is not said
    option(&mut body, COMMENT, SAID);
    option(&mut body, APPLICATION, &header.creator.escape_debug().to_string());
    end(&mut body);
    block(&mut out, SECTION, &body);

    body.clear();
    body.extend_from_slice(&RAW.to_le_bytes());
    body.extend_from_slice(&[0; 6]); // reserved, and no limit on a packet's length
    option(&mut body, NAME, "netfold");
    option_bytes(&mut body, RESOLUTION, &[9]); // nanoseconds
    end(&mut body);
    block(&mut out, INTERFACE, &body);

    for packet in packets {
        body.clear();
        body.extend_from_slice(&0_u32.to_le_bytes());
        body.extend_from_slice(&((packet.time >> 32) as u32).to_le_bytes());
        body.extend_from_slice(&(packet.time as u32).to_le_bytes());
        body.extend_from_slice(&(packet.bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(&(packet.len as u32).to_le_bytes());
        body.extend_from_slice(&packet.bytes);
        pad(&mut body);
        for comment in &packet.comments {
            option(&mut body, COMMENT, comment);
        }
        if !packet.comments.is_empty() {
            end(&mut body);
        }
        block(&mut out, PACKET, &body);
    }
    out
}

fn block(out: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let len = (body.len() as u32 + 12).to_le_bytes();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&len);
    out.extend_from_slice(body);
    out.extend_from_slice(&len);
}

/// Text that is longer than an option may be is cut.
fn option(body: &mut Vec<u8>, code: u16, text: &str) {
    let end = (0..=text.len().min(4_000)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    option_bytes(body, code, &text.as_bytes()[..end]);
}

fn option_bytes(body: &mut Vec<u8>, code: u16, bytes: &[u8]) {
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
    body.extend_from_slice(bytes);
    pad(body);
}

fn end(body: &mut Vec<u8>) {
    body.extend_from_slice(&[0; 4]);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
