//! The functions and classes of the module beside sockets and servers.

use super::case::{Case, Value, quoted};
use netfold::{
    BlockList, Family, IntoSocketAddress, NodeError, SocketAddress, SocketAddressOptions, is_ip, is_ipv4, is_ipv6,
};

/// Makes the call; `None` if its value cannot be said.
pub fn module(mut case: Case) -> Option<String> {
    let value = case.value.clone();
    let shown: Result<String, NodeError> = match case.member.as_str() {
        "isIP" => Ok(is_ip(value.text()?).to_string()),
        "isIPv4" => Ok(is_ipv4(value.text()?).to_string()),
        "isIPv6" => Ok(is_ipv6(value.text()?).to_string()),
        "setDefaultAutoSelectFamily" => {
            case.net.set_default_auto_select_family(value.flag()?);
            Ok(case.net.default_auto_select_family().to_string())
        }
        "setDefaultAutoSelectFamilyAttemptTimeout" => {
            let set = case.net.set_default_auto_select_family_attempt_timeout(value.long()?);
            case.result(set.map(|()| case.net.default_auto_select_family_attempt_timeout().to_string()));
            return Some(case.run());
        }
        "SocketAddress" => socket_address(&case.argument, &value)?,
        "check" => Ok(check(&case.argument, &value)?.to_string()),
        _ => rules(&case.member, &case.argument, &value)?,
    };
    case.result(shown);
    Some(case.run())
}

fn listed(list: &BlockList) -> String {
    let rules: Vec<_> = list.rules().iter().map(|rule| quoted(rule)).collect();
    format!("[{}]", rules.join(", "))
}

/// An address with the name of its family, or without.
#[derive(Clone)]
struct Given(String, Option<String>);

impl IntoSocketAddress for Given {
    fn into_socket_address(self) -> Result<SocketAddress, NodeError> {
        match self.1 {
            Some(family) => (self.0, family.as_str()).into_socket_address(),
            None => self.0.as_str().into_socket_address(),
        }
    }
}

fn rules(member: &str, argument: &str, value: &Value) -> Option<Result<String, NodeError>> {
    let (name, how) = argument.split_once('/').unwrap_or((argument, ""));
    let family = match (name, how) {
        ("family", _) if *value == Value::Undefined => None,
        ("family", _) => Some(value.text()?.to_string()),
        (_, "ipv6") => Some("ipv6".to_string()),
        _ => None,
    };
    let address = |argument: &str, default: &str| {
        let text = if name == argument { value.text()? } else { default };
        Some(Given(text.to_string(), family.clone()))
    };
    let ipv6 = how == "ipv6";
    let mut list = BlockList::new();
    let added = match member {
        "addAddress" => list.add_address(address("address", if how == "wrong" { "x" } else { "1.2.3.4" })?),
        "addRange" => {
            let end = if ipv6 { "::ffff" } else { "2.2.2.2" };
            list.add_range(address("start", "1.1.1.1")?, address("end", end)?)
        }
        "addSubnet" => {
            let network = address("network", if ipv6 { "::1" } else { "1.2.3.4" })?;
            list.add_subnet(network, if name == "prefix" { value.long()? } else { 8 })
        }
        _ => return None,
    };
    Some(added.map(|()| listed(&list)))
}

fn check(argument: &str, value: &Value) -> Option<bool> {
    let mut all = BlockList::new();
    all.add_subnet("0.0.0.0", 0).expect("a subnet");
    Some(match (argument, value) {
        ("family", Value::Undefined) => all.check("1.2.3.4"),
        ("family", value) => all.check(("1.2.3.4", value.text()?)),
        (_, value) => all.check(value.text()?),
    })
}

fn socket_address(argument: &str, value: &Value) -> Option<Result<String, NodeError>> {
    let (name, how) = argument.split_once('/').unwrap_or((argument, ""));
    let mut options = SocketAddressOptions::default();
    if how == "ipv6" {
        options.family = Family::Ipv6;
    }
    match (name, value) {
        (_, Value::Undefined) => {}
        ("address", value) => options.address = Some(value.text()?.to_string()),
        ("family", value) => match value.text()?.parse() {
            Ok(family) => options.family = family,
            Err(error) => return Some(Err(error)),
        },
        ("port", value) => options.port = value.long()?,
        ("flowlabel", value) => options.flowlabel = value.long()?,
        ("(options)", Value::Other(shown)) if shown == "{}" => {}
        _ => return None,
    }
    Some(
        SocketAddress::new(&options)
            .map(|made| format!("{} {} {} {}", made.address(), made.port(), made.family().as_str(), made.flowlabel())),
    )
}
