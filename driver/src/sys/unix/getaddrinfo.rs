//! The system's resolver. The standard library's does not tell why a name has no address.

use netfold_core::LookupCode;
use std::ffi::CString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;

/// Node's hints (Linux's numbers) and the system's.
const HINTS: [(u32, libc::c_int); 3] = [(32, libc::AI_ADDRCONFIG), (8, libc::AI_V4MAPPED), (16, libc::AI_ALL)];

/// The addresses of a name, one each (the question is for stream sockets only), in the system's order.
pub(in crate::sys) fn addresses(host: &str, family: u8, hints: u32) -> Result<Vec<IpAddr>, LookupCode> {
    let host = CString::new(host).map_err(|_| LookupCode::NotFound)?;
    // SAFETY: `addrinfo` is plain data, for which zeros mean "nothing asked for".
    let mut wanted: libc::addrinfo = unsafe { std::mem::zeroed() };
    wanted.ai_family = match family {
        4 => libc::AF_INET,
        6 => libc::AF_INET6,
        _ => libc::AF_UNSPEC,
    };
    wanted.ai_socktype = libc::SOCK_STREAM;
    wanted.ai_flags = HINTS.iter().filter(|(bit, _)| hints & bit != 0).fold(0, |all, (_, flag)| all | flag);
    let mut found = List(ptr::null_mut());
    // SAFETY: the name ends with NUL, the service may be null, and the two structures live through the call.
    match unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &wanted, &mut found.0) } {
        0 => Ok(found.addresses()),
        code => Err(lookup_code(code)),
    }
}

fn lookup_code(code: libc::c_int) -> LookupCode {
    match code {
        libc::EAI_NONAME => LookupCode::NotFound,
        // A name without an address (of the family asked for): Node says ENOTFOUND of it as well.
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        libc::EAI_NODATA => LookupCode::NotFound,
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        ADDRFAMILY => LookupCode::NotFound,
        libc::EAI_AGAIN => LookupCode::TryAgain,
        libc::EAI_MEMORY => LookupCode::Memory,
        _ => LookupCode::Fail,
    }
}

/// `EAI_ADDRFAMILY` of glibc, which the `libc` crate does not have.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ADDRFAMILY: libc::c_int = -9;

/// What `getaddrinfo` has allocated.
struct List(*mut libc::addrinfo);

impl List {
    fn addresses(&self) -> Vec<IpAddr> {
        let mut addresses = Vec::new();
        let mut at = self.0;
        // SAFETY: the list is the system's: each entry is whole, and ends with a null or points to the next one.
        while let Some(entry) = unsafe { at.as_ref() } {
            addresses.extend(address(entry));
            at = entry.ai_next;
        }
        addresses
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it came from `getaddrinfo`, and nothing points into it any more.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

fn address(entry: &libc::addrinfo) -> Option<IpAddr> {
    let length = entry.ai_addrlen as usize;
    match entry.ai_family {
        libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: an entry of this family, and at least of this size, is this structure.
            let addr = unsafe { ptr::read_unaligned(entry.ai_addr.cast::<libc::sockaddr_in>()) };
            Some(IpAddr::V4(Ipv4Addr::from(addr.sin_addr.s_addr.to_ne_bytes())))
        }
        libc::AF_INET6 if length >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: as above.
            let addr = unsafe { ptr::read_unaligned(entry.ai_addr.cast::<libc::sockaddr_in6>()) };
            Some(IpAddr::V6(Ipv6Addr::from(addr.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

/// The number of a network interface; 0 if there is none of that name.
pub(super) fn interface(name: &str) -> u32 {
    let Ok(name) = CString::new(name) else { return 0 };
    // SAFETY: the name is a C string that outlives the call, which only reads it.
    unsafe { libc::if_nametoindex(name.as_ptr()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_itself_once() {
        assert_eq!(addresses("127.0.0.1", 0, 0), Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]));
        assert_eq!(addresses("::1", 6, 0), Ok(vec![IpAddr::V6(Ipv6Addr::LOCALHOST)]));
    }

    #[test]
    fn an_address_of_the_other_family_is_not_found() {
        assert_eq!(addresses("127.0.0.1", 6, 0), Err(LookupCode::NotFound));
        assert_eq!(addresses("local\0host", 0, 0), Err(LookupCode::NotFound));
    }

    #[test]
    fn localhost_is_at_home() {
        let list = addresses("localhost", 4, 0).unwrap();
        assert_eq!(list, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    }
}
