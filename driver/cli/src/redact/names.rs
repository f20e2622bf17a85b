//! Other names in the place of those that a trace has: equal ones stay equal, and each stays of its kind.

use netfold::core::trace::Input;
use netfold::core::{Command, Completion, ConnectTo, Emitted, ListenOn, Reply, SharedError};
use netfold::{NodeError, is_ip};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

#[derive(Default)]
pub struct Names {
    texts: HashMap<String, String>,
    addresses: HashMap<IpAddr, IpAddr>,
}

impl Names {
    /// Puts other names into an input.
    pub fn put(&mut self, input: &mut Input) {
        match input {
            Input::Command(command) => self.command(command),
            Input::Reply(Reply::Addr(Some(address))) => self.address(address),
            Input::Reply(Reply::Names(local, remote)) => {
                local.iter_mut().chain(remote).for_each(|address| self.address(address));
            }
            Input::Completion(Completion::LookedUp(_, Ok(addresses))) => {
                addresses.iter_mut().for_each(|address| *address = self.ip(*address));
            }
            _ => {}
        }
    }

    fn command(&mut self, command: &mut Command) {
        match command {
            Command::Connect(_, ConnectTo::Path(path)) => self.path(path),
            Command::Connect(_, ConnectTo::Host(to)) => {
                to.host.iter_mut().chain(&mut to.local_address).for_each(|host| self.host(host));
            }
            Command::Listen(_, on) | Command::ListenWith(_, on, _) => match on {
                ListenOn::Port { host, .. } => host.iter_mut().for_each(|host| self.host(host)),
                ListenOn::Path { path, .. } => self.path(path),
                ListenOn::Fd { .. } => {}
            },
            Command::Destroy(_, Some(error))
            | Command::Emit(_, Emitted::Error(error))
            | Command::AnswerError(_, error) => self.error(error),
            Command::Answer(_, Ok(addresses)) => {
                addresses.iter_mut().for_each(|address| *address = self.ip(*address));
            }
            Command::AnswerText(_, list) => list.iter_mut().for_each(|(address, _)| self.host(address)),
            _ => {}
        }
    }

    /// An error of the user's says what the user likes; one of Node's that has a name in it becomes one of the user's with
    /// the same code.
    fn error(&mut self, error: &mut SharedError) {
        let code = error.code().to_string();
        let message = self.text(&error.to_string(), "message-");
        let tag = if let NodeError::User { tag, .. } = **error { tag } else { 0 };
        *error = Arc::new(NodeError::User { code: (!code.is_empty()).then_some(code), message, tag });
    }

    fn text(&mut self, text: &str, kind: &str) -> String {
        let number = self.texts.len() + 1;
        self.texts.entry(format!("{kind}{text}")).or_insert_with(|| format!("{kind}{number}")).clone()
    }

    /// A path stays one; an abstract one keeps its NUL, and nothing a file's.
    fn path(&mut self, path: &mut String) {
        let other = self.text(path, "path-");
        *path = if path.starts_with('\0') { format!("\0{other}") } else { format!("/{other}") };
    }

    /// An address stays an address, and a name a name.
    fn host(&mut self, host: &mut String) {
        let (bare, zone) = host.split_once('%').map_or((&**host, None), |(bare, zone)| (bare, Some(zone)));
        *host = match bare.parse::<IpAddr>() {
            Ok(ip) if is_ip(host) != 0 => {
                let ip = self.ip(ip).to_string();
                zone.map_or(ip.clone(), |_| format!("{ip}%zone"))
            }
            _ if host.is_empty() || host == "localhost" => return,
            _ => self.text(host, "host-"),
        };
    }

    fn address(&mut self, address: &mut SocketAddr) {
        address.set_ip(self.ip(address.ip()));
    }

    /// Loopback and unspecified addresses are nobody's secret.
    fn ip(&mut self, ip: IpAddr) -> IpAddr {
        if ip.is_loopback() || ip.is_unspecified() {
            return ip;
        }
        let number = self.addresses.len() as u32 + 1;
        *self.addresses.entry(ip).or_insert_with(|| match ip {
            // 198.18.0.0/15 and 2001:db8::/32 are for tests and documentation.
            IpAddr::V4(_) => Ipv4Addr::from_bits(0xC612_0000 | number & 0x1_FFFF).into(),
            IpAddr::V6(_) => Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number)).into(),
        })
    }
}
