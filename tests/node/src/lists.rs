//! `BlockList` and `SocketAddress`: the core's, under numbers (rules N2 to N9).

use crate::commands::target;
use crate::host::{command, host};
use crate::js::{Env, Thrown};
use napi_sys::napi_value;
use netfold_core::{BlockList, Command, Family, NodeError, Outcome, SocketAddress, SocketAddressOptions};
use std::collections::HashMap;
use std::sync::Arc;

type Given = Result<napi_value, Thrown>;

/// The lists that JavaScript's objects stand for.
#[derive(Default)]
pub(crate) struct Lists {
    by_number: HashMap<u32, Arc<BlockList>>,
    last: u32,
}

fn family(env: Env, value: napi_value) -> Family {
    if env.u32(value) == 6 { Family::Ipv6 } else { Family::Ipv4 }
}

fn checked<T>(env: Env, result: Result<T, NodeError>) -> Result<T, Thrown> {
    result.map_err(|error| env.error(&Arc::new(error)).map_or_else(|thrown| thrown, Some))
}

/// `socketAddress(address, port, family, flowlabel)`, as `[address, port, flowlabel]`.
pub(crate) fn socket_address(env: Env, args: &[napi_value]) -> Given {
    let options = SocketAddressOptions {
        address: env.maybe_string(args[0]),
        port: env.f64(args[1]) as i64,
        family: family(env, args[2]),
        flowlabel: env.f64(args[3]) as i64,
    };
    let made = checked(env, SocketAddress::new(&options))?;
    Ok(parts(env, made))
}

fn parts(env: Env, of: SocketAddress) -> napi_value {
    env.array(&[env.text(&of.address()), env.int(u32::from(of.port())), env.int(of.flowlabel())])
}

/// `parseAddress(text)`, as `[address, port, flowlabel]`; null if it is none.
pub(crate) fn parse_address(env: Env, args: &[napi_value]) -> Given {
    Ok(SocketAddress::parse(&env.string(args[0])).map_or_else(|| env.null(), |made| parts(env, made)))
}

pub(crate) fn new_list(env: Env, _: &[napi_value]) -> Given {
    let number = host(|h| {
        h.lists.last += 1;
        h.lists.by_number.insert(h.lists.last, Arc::default());
        h.lists.last
    });
    Ok(env.int(number))
}

pub(crate) fn drop_list(env: Env, args: &[napi_value]) -> Given {
    host(|h| h.lists.by_number.remove(&env.u32(args[0])));
    Ok(env.undefined())
}

/// `addAddress(list, address, family)`
pub(crate) fn add_address(env: Env, args: &[napi_value]) -> Given {
    let address = (env.string(args[1]), family(env, args[2]));
    change(env, args[0], |list| list.add_address(address))
}

/// `addRange(list, start, family, end, family)`
pub(crate) fn add_range(env: Env, args: &[napi_value]) -> Given {
    let start = (env.string(args[1]), family(env, args[2]));
    let end = (env.string(args[3]), family(env, args[4]));
    change(env, args[0], |list| list.add_range(start, end))
}

/// `addSubnet(list, network, family, prefix)`
pub(crate) fn add_subnet(env: Env, args: &[napi_value]) -> Given {
    let (network, prefix) = ((env.string(args[1]), family(env, args[2])), env.f64(args[3]) as i64);
    change(env, args[0], |list| list.add_subnet(network, prefix))
}

fn change(env: Env, number: napi_value, add: impl FnOnce(&mut BlockList) -> Result<(), NodeError>) -> Given {
    let number = env.u32(number);
    let added = host(|h| add(Arc::make_mut(h.lists.by_number.entry(number).or_default())));
    checked(env, added)?;
    Ok(env.undefined())
}

/// `isBlocked(list, address, family)`
pub(crate) fn is_blocked(env: Env, args: &[napi_value]) -> Given {
    let address = (env.string(args[1]), family(env, args[2]));
    let blocked = host(|h| h.lists.by_number.get(&env.u32(args[0])).is_some_and(|list| list.check(address)));
    Ok(env.bool(blocked))
}

pub(crate) fn rules(env: Env, args: &[napi_value]) -> Given {
    let rules = host(|h| h.lists.by_number.get(&env.u32(args[0])).map(|list| list.rules()).unwrap_or_default());
    Ok(env.array(&rules.iter().map(|rule| env.text(rule)).collect::<Vec<_>>()))
}

/// `setBlockList(id, isServer, list)`: what it names now is blocked; rules that are added later need another call.
pub(crate) fn set_list(env: Env, args: &[napi_value]) -> Given {
    let list = host(|h| h.lists.by_number.get(&env.u32(args[2])).cloned());
    match command(env, Command::SetBlockList(target(env, args[0], args[1]), list))? {
        Outcome::Threw(error) => Err(Some(env.error(&error)?)),
        _ => Ok(env.undefined()),
    }
}
