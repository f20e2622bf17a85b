//! The small pieces that records are made of: numbers, ids, text, addresses.

use crate::errno::Errno;
use crate::id::Id;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Why bytes could not be read as what they should be.
pub(crate) type Malformed = &'static str;

/// Seven bits a byte, lowest first; the top bit says that more follow.
#[inline]
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A number with a sign: 0, -1, 1, -2, 2, .. become 0, 1, 2, 3, 4, ..
pub(crate) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, (number << 1 ^ number >> 63) as u64);
}

#[inline]
pub(crate) fn put_id(out: &mut Vec<u8>, id: impl Id) {
    let (slot, generation) = id.parts();
    put_number(out, u64::from(slot));
    put_number(out, u64::from(generation));
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn put_option<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        None => out.push(0),
        Some(value) => {
            out.push(1);
            put(out, value);
        }
    }
}

/// A code by its Linux number, and whether it is one without a name here: it must print as it did.
pub(crate) fn put_errno(out: &mut Vec<u8>, errno: Errno) {
    let bare = matches!(errno, Errno::Other(_));
    put_signed(out, i64::from(errno.linux_number()) << 1 | i64::from(bare));
}

pub(crate) fn put_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(v4) => {
            out.push(4);
            out.extend_from_slice(&v4.octets());
        }
        IpAddr::V6(v6) => {
            out.push(6);
            out.extend_from_slice(&v6.octets());
        }
    }
}

pub(crate) fn put_addr(out: &mut Vec<u8>, addr: SocketAddr) {
    put_ip(out, addr.ip());
    put_number(out, u64::from(addr.port()));
    if let SocketAddr::V6(v6) = addr {
        put_number(out, u64::from(v6.flowinfo()));
        put_number(out, u64::from(v6.scope_id()));
    }
}

/// Reads the pieces of one record or header.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.at == self.data.len()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.data.get(self.at).ok_or("ends within a field")?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8], Malformed> {
        let rest = &self.data[self.at..];
        let len = usize::try_from(len).ok().filter(|&len| len <= rest.len()).ok_or("ends within a field")?;
        self.at += len;
        Ok(&rest[..len])
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let rest = self.data.get(self.at..).and_then(<[u8]>::first_chunk::<N>).ok_or("ends within a field")?;
        self.at += N;
        Ok(*rest)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 { Ok(u64::from(first)) } else { self.longer(first) }
    }

    fn longer(&mut self, first: u8) -> Result<u64, Malformed> {
        let mut number = u64::from(first & 0x7F);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err("a number over 64 bits");
            }
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number over 64 bits")
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| "a number over 32 bits")
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        u16::try_from(self.number()?).map_err(|_| "a number over 16 bits")
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Malformed> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("neither yes nor no"),
        }
    }

    #[inline]
    pub(crate) fn id<I: Id>(&mut self) -> Result<I, Malformed> {
        let slot = self.u32()?;
        Ok(I::make(slot, self.u32()?))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = self.number()?;
        core::str::from_utf8(self.take(len)?).map_err(|_| "text that is not UTF-8")
    }

    pub(crate) fn string(&mut self) -> Result<String, Malformed> {
        self.text().map(String::from)
    }

    pub(crate) fn option<T>(
        &mut self,
        get: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        if self.flag()? { get(self).map(Some) } else { Ok(None) }
    }

    pub(crate) fn errno(&mut self) -> Result<Errno, Malformed> {
        let both = self.signed()?;
        let number = i32::try_from(both >> 1).map_err(|_| "an error number over 32 bits")?;
        Ok(if both & 1 == 1 { Errno::Other(number) } else { Errno::from_linux(number) })
    }

    pub(crate) fn ip(&mut self) -> Result<IpAddr, Malformed> {
        match self.byte()? {
            4 => Ok(IpAddr::V4(Ipv4Addr::from(self.array::<4>()?))),
            6 => Ok(IpAddr::V6(Ipv6Addr::from(self.array::<16>()?))),
            _ => Err("an address of no known family"),
        }
    }

    pub(crate) fn addr(&mut self) -> Result<SocketAddr, Malformed> {
        let ip = self.ip()?;
        let port = self.u16()?;
        Ok(match ip {
            IpAddr::V4(v4) => SocketAddr::V4(SocketAddrV4::new(v4, port)),
            IpAddr::V6(v6) => SocketAddr::V6(SocketAddrV6::new(v6, port, self.u32()?, self.u32()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_at_every_length() {
        for shift in 0..64 {
            for number in [(1u64 << shift) - 1, 1 << shift, u64::MAX >> shift] {
                let mut out = Vec::new();
                put_number(&mut out, number);
                put_signed(&mut out, number as i64);
                put_signed(&mut out, (number as i64).wrapping_neg());
                let mut cursor = Cursor::new(&out);
                assert_eq!(cursor.number(), Ok(number));
                assert_eq!(cursor.signed(), Ok(number as i64));
                assert_eq!(cursor.signed(), Ok((number as i64).wrapping_neg()));
                assert!(cursor.is_empty());
            }
        }
    }

    #[test]
    fn a_number_over_64_bits_is_refused() {
        assert!(Cursor::new(&[0xFF; 9]).number().is_err());
        assert!(Cursor::new(&[0xFF; 11]).number().is_err());
        assert!(Cursor::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2]).number().is_err());
    }

    #[test]
    fn codes_come_back_as_they_were_even_bare_numbers_that_have_a_name() {
        for errno in [Errno::ECONNRESET, Errno::Other(2), Errno::Other(-7), Errno::Other(i32::MIN)] {
            let mut out = Vec::new();
            put_errno(&mut out, errno);
            assert_eq!(Cursor::new(&out).errno(), Ok(errno));
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert!(Cursor::new(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1]).text().is_err());
    }
}
