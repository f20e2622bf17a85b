//! What commands are given: options, where to connect, on what to listen, block lists. Each is written and read here.

use super::codec::{Cursor, Malformed, put_ip, put_number, put_option, put_signed, put_text};
use crate::block_list::{BlockList, Rule};
use crate::call::HandleKind;
use crate::command::{ConnectTo, DEFAULT_HIGH_WATER_MARK, HostOptions, ListenOn, ListenOptions, SocketOptions};
use crate::id::FdKey;
use alloc::vec::Vec;

impl SocketOptions {
    /// What the first form can hold: one high water mark, never the default by name.
    pub(super) fn is_of_version_1(&self) -> bool {
        let named = [self.readable_high_water_mark, self.writable_high_water_mark];
        named == [None; 2] && self.high_water_mark != Some(DEFAULT_HIGH_WATER_MARK) && self.readable && self.writable
    }
}

pub(super) fn put_socket_options(out: &mut Vec<u8>, options: &SocketOptions, old: bool) {
    let &SocketOptions { allow_half_open, high_water_mark, no_delay, keep_alive, keep_alive_delay, .. } = options;
    out.push(u8::from(allow_half_open));
    if old {
        put_number(out, u64::from(high_water_mark.unwrap_or(DEFAULT_HIGH_WATER_MARK)));
    } else {
        for mark in [high_water_mark, options.readable_high_water_mark, options.writable_high_water_mark] {
            put_option(out, mark, |out, mark| put_number(out, u64::from(mark)));
        }
        out.push(u8::from(options.readable));
        out.push(u8::from(options.writable));
    }
    out.push(u8::from(no_delay));
    out.push(u8::from(keep_alive));
    put_number(out, u64::from(keep_alive_delay));
}

pub(super) fn socket_options(from: &mut Cursor<'_>, old: bool) -> Result<SocketOptions, Malformed> {
    let allow_half_open = from.flag()?;
    let own = if old {
        let mark = Some(from.u32()?).filter(|mark| *mark != DEFAULT_HIGH_WATER_MARK);
        SocketOptions { high_water_mark: mark, ..SocketOptions::default() }
    } else {
        SocketOptions {
            high_water_mark: from.option(Cursor::u32)?,
            readable_high_water_mark: from.option(Cursor::u32)?,
            writable_high_water_mark: from.option(Cursor::u32)?,
            readable: from.flag()?,
            writable: from.flag()?,
            ..SocketOptions::default()
        }
    };
    Ok(SocketOptions {
        allow_half_open,
        no_delay: from.flag()?,
        keep_alive: from.flag()?,
        keep_alive_delay: from.u32()?,
        ..own
    })
}

pub(super) fn put_connect_to(out: &mut Vec<u8>, to: &ConnectTo) {
    match to {
        ConnectTo::Host(options) => {
            let HostOptions { host, port, family, hints, custom_lookup, local_address, local_port, .. } = options;
            let HostOptions { auto_select_family, attempt_timeout, .. } = options;
            // The form of before there was autoSelectFamily.
            let without = *auto_select_family == Some(false) && attempt_timeout.is_none();
            let scopes = [options.scope, options.local_scope];
            out.push(match scopes {
                [0, 0] if without => 1,
                [0, 0] => 3,
                _ => 4,
            });
            let without = without && scopes == [0, 0];
            put_option(out, host.as_deref(), put_text);
            put_option(out, *port, put_signed);
            out.push(*family);
            put_number(out, u64::from(*hints));
            out.push(u8::from(*custom_lookup));
            put_option(out, local_address.as_deref(), put_text);
            put_option(out, *local_port, put_signed);
            if !without {
                put_option(out, *auto_select_family, |out, on| out.push(u8::from(on)));
                put_option(out, *attempt_timeout, put_signed);
            }
            if scopes != [0, 0] {
                put_number(out, u64::from(options.scope));
                put_number(out, u64::from(options.local_scope));
            }
        }
        ConnectTo::Path(path) => {
            out.push(2);
            put_text(out, path);
        }
    }
}

pub(super) fn connect_to(from: &mut Cursor<'_>) -> Result<ConnectTo, Malformed> {
    Ok(match from.byte()? {
        form @ (1 | 3 | 4) => ConnectTo::Host(HostOptions {
            host: from.option(Cursor::string)?,
            port: from.option(Cursor::signed)?,
            family: from.byte()?,
            hints: from.u32()?,
            custom_lookup: from.flag()?,
            local_address: from.option(Cursor::string)?,
            local_port: from.option(Cursor::signed)?,
            auto_select_family: if form == 1 { Some(false) } else { from.option(Cursor::flag)? },
            attempt_timeout: if form == 1 { None } else { from.option(Cursor::signed)? },
            scope: if form == 4 { from.u32()? } else { 0 },
            local_scope: if form == 4 { from.u32()? } else { 0 },
        }),
        2 => ConnectTo::Path(from.string()?),
        _ => return Err("an unknown way to connect"),
    })
}

pub(super) fn put_listen_on(out: &mut Vec<u8>, on: &ListenOn) {
    match on {
        ListenOn::Port { port, host, backlog, ipv6_only } => {
            out.push(1);
            put_signed(out, *port);
            put_option(out, host.as_deref(), put_text);
            put_number(out, u64::from(*backlog));
            out.push(u8::from(*ipv6_only));
        }
        ListenOn::Path { path, backlog } => {
            out.push(2);
            put_text(out, path);
            put_number(out, u64::from(*backlog));
        }
        ListenOn::Fd { key, kind, backlog } => {
            out.push(3);
            put_number(out, key.0);
            put_option(out, *kind, |out, kind| out.push(u8::from(kind == HandleKind::Pipe)));
            put_number(out, u64::from(*backlog));
        }
    }
}

pub(super) fn listen_on(from: &mut Cursor<'_>) -> Result<ListenOn, Malformed> {
    Ok(match from.byte()? {
        1 => ListenOn::Port {
            port: from.signed()?,
            host: from.option(Cursor::string)?,
            backlog: from.u32()?,
            ipv6_only: from.flag()?,
        },
        2 => ListenOn::Path { path: from.string()?, backlog: from.u32()? },
        3 => ListenOn::Fd {
            key: FdKey(from.number()?),
            kind: from
                .option(|from| Ok::<_, Malformed>(if from.flag()? { HandleKind::Pipe } else { HandleKind::Tcp }))?,
            backlog: from.u32()?,
        },
        _ => return Err("an unknown way to listen"),
    })
}

pub(super) fn put_listen_options(out: &mut Vec<u8>, options: ListenOptions) {
    let ListenOptions { reuse_port, readable_all, writable_all, scope } = options;
    out.extend([reuse_port, readable_all, writable_all].map(u8::from));
    put_number(out, u64::from(scope));
}

pub(super) fn listen_options(from: &mut Cursor<'_>) -> Result<ListenOptions, Malformed> {
    Ok(ListenOptions {
        reuse_port: from.flag()?,
        readable_all: from.flag()?,
        writable_all: from.flag()?,
        scope: from.u32()?,
    })
}

pub(super) fn put_block_list(out: &mut Vec<u8>, list: &BlockList) {
    put_number(out, list.given().len() as u64);
    for rule in list.given() {
        match *rule {
            Rule::Address(ip) => {
                out.push(1);
                put_ip(out, ip);
            }
            Rule::Range(start, end) => {
                out.push(2);
                put_ip(out, start);
                put_ip(out, end);
            }
            Rule::Subnet(ip, prefix) => {
                out.push(3);
                put_ip(out, ip);
                out.push(prefix);
            }
        }
    }
}

/// The count is not believed: each rule is bytes of the file.
pub(super) fn block_list(from: &mut Cursor<'_>) -> Result<BlockList, Malformed> {
    let mut list = BlockList::new();
    for _ in 0..from.number()? {
        let rule = match from.byte()? {
            1 => Rule::Address(from.ip()?),
            2 => Rule::Range(from.ip()?, from.ip()?),
            3 => Rule::Subnet(from.ip()?, from.byte()?),
            _ => return Err("an unknown rule of a block list"),
        };
        list.add(&rule).map_err(|_| "a rule that no block list has")?;
    }
    Ok(list)
}
