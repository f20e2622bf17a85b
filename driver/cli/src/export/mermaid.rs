//! A sequence diagram in Mermaid's text: the user's code, the sockets, and the system.

use crate::filter::{Filter, id};
use crate::timeline::picture::Picture;
use crate::timeline::{Kind, Line};
use netfold::core::Target;
use std::fmt::Write;

pub fn diagram(picture: &Picture, filter: &Filter, most: usize) -> String {
    let messages: Vec<(&Line, Message)> =
        picture.lines.iter().filter(|line| filter.wants(line)).filter_map(|l| Some((l, message(l)?))).collect();
    let shown = &messages[..messages.len().min(most)];
    let mut targets: Vec<Target> = Vec::new();
    for (line, _) in shown {
        targets.extend(line.of.filter(|of| !targets.contains(of)));
    }
    let mut out = String::from("sequenceDiagram\n    participant user as user code\n");
    for &target in &targets {
        let kind = if let Target::Socket(_) = target { "socket" } else { "server" };
        put(&mut out, format_args!("    participant {} as {kind} {}\n", name(target), id(target)));
    }
    out.push_str("    participant system\n");
    let mut turn = None;
    for (line, Message { from, to, arrow, text }) in shown {
        if turn.replace(line.turn) != Some(line.turn) {
            put(&mut out, format_args!("    Note over user,system: turn {}, {} ms\n", line.turn, line.time));
        }
        let Some(of) = line.of else { continue };
        let party = |end: &End| match end {
            End::User => String::from("user"),
            End::System => String::from("system"),
            End::Own => name(of),
        };
        put(&mut out, format_args!("    {}{arrow}{}: {}\n", party(from), party(to), escaped(text)));
    }
    if shown.len() < messages.len() {
        let left = messages.len() - shown.len();
        put(&mut out, format_args!("    Note over user,system: {left} more are left out (--most)\n"));
    }
    out
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
}

/// An id without a dot, which Mermaid's names may have and its grammar trips over.
fn name(target: Target) -> String {
    id(target).replace('.', "_")
}

enum End {
    User,
    Own,
    System,
}

struct Message {
    from: End,
    to: End,
    arrow: &'static str,
    text: String,
}

fn message(line: &Line) -> Option<Message> {
    let (from, to, arrow) = match line.kind {
        Kind::Command => (End::User, End::Own, "->>"),
        Kind::Emit => (End::Own, End::User, "-->>"),
        Kind::Call => (End::Own, End::System, "->>"),
        Kind::Completion => (End::System, End::Own, "-->>"),
        _ => return None,
    };
    line.of?;
    Some(Message { from, to, arrow, text: line.text.clone() })
}

/// Every character that could be more than itself is written as its number.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(200) {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | '\'' | '_' | '-' | '/' | '(' | ')' => out.push(c),
            c => put(&mut out, format_args!("#{};", u32::from(c))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_message_is_more_than_text() {
        assert_eq!(escaped("a\n;%%{x}<b>#35;:"), "a#10;#59;#37;#37;#123;x#125;#60;b#62;#35;35#59;#58;");
    }
}
