//! `netfold view`

use crate::Ended;
use crate::file::{private, read};
use crate::filter::id;
use crate::output::{Ascii, Said, progress};
use crate::timeline::Kind;
use crate::timeline::picture::{Lane, Picture};
use clap::Args;
use netfold::core::Target;
use netfold::core::trace::Trace;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

#[derive(Args)]
pub struct View {
    /// The trace
    file: PathBuf,
    /// Where the page goes
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    said: Said,
}

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
/// One script, in this order: each part knows those before it, and all of them what is called only later.
const SCRIPT: &str = concat!(
    include_str!("page/trace.js"),
    include_str!("page/colours.js"),
    include_str!("page/look.js"),
    include_str!("page/lanes.js"),
    include_str!("page/bytes.js"),
    include_str!("page/panel.js"),
    include_str!("page/move.js"),
    include_str!("page/search.js"),
    include_str!("page/hands.js"),
    include_str!("page/begin.js"),
);

impl View {
    pub fn run(self) -> Ended {
        let trace = read(&self.file)?;
        let bar = progress("reading", trace.inputs());
        let picture = Picture::new(&trace, |inputs| bar.set_position(inputs));
        bar.finish_and_clear();
        let name = self.file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = self.output.display();
        private(&self.output)
            .and_then(|mut file| file.write_all(page(&name, &trace, &picture).as_bytes()))
            .map_err(|error| format!("cannot write {path}: {error}"))?;
        let (lines, lanes) = (picture.lines.len(), picture.lanes.len() - 1);
        self.said.say(
            format_args!("{lines} lines of {lanes} sockets and servers; open {path} in a browser"),
            || json!({ "lines": lines, "lanes": lanes, "output": self.output.to_string_lossy() }),
        )?;
        match picture.failed {
            Some(error) => Err(format!("{}: {error}; what came before it is drawn", self.file.display()).into()),
            None => Ok(()),
        }
    }
}

/// The parts in one file. The data is JSON in printing ASCII without a character that HTML knows.
fn page(name: &str, trace: &Trace, picture: &Picture) -> String {
    let (before, rest) = PAGE.split_once("/*style*/").expect("the page has a place for its style");
    let (between, rest) = rest.split_once("/*data*/").expect("and for its data");
    let (behind, after) = rest.split_once("/*script*/").expect("and for its script");
    let data = harmless(&data(name, trace, picture));
    [before, STYLE, between, &data, behind, SCRIPT, after].concat()
}

/// JSON that means the same and cannot end the element that it stands in.
fn harmless(json: &str) -> String {
    let ascii = Ascii(json).to_string();
    let mut out = String::with_capacity(ascii.len());
    for c in ascii.chars() {
        match c {
            '<' | '>' | '&' => write!(out, "\\u{:04x}", u32::from(c)).expect("a String takes everything"),
            _ => out.push(c),
        }
    }
    out
}

/// Each text once, and its number wherever it stands.
#[derive(Default)]
struct Words<'a> {
    list: Vec<&'a str>,
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Words<'a> {
    fn number(&mut self, word: &'a str) -> usize {
        *self.numbers.entry(word).or_insert_with(|| {
            self.list.push(word);
            self.list.len() - 1
        })
    }
}

fn data(name: &str, trace: &Trace, picture: &Picture) -> String {
    let mut out = String::from("{");
    let header = trace.header();
    let end = match (&picture.failed, trace.torn(), trace.finished()) {
        (Some(error), ..) => error.to_string(),
        (None, Some(torn), _) => format!("the trace is torn: {torn}"),
        (None, None, false) => String::from("the trace has no end"),
        (None, None, true) => String::new(),
    };
    let head = json!({
        "name": name, "creator": header.creator, "created": header.created, "end": end, "inputs": trace.inputs(),
        "read": header.read.to_string(), "written": header.written.to_string(),
    });
    put(&mut out, "head", &head.to_string());
    let lanes: Vec<_> = picture.lanes.iter().map(lane).collect();
    put(&mut out, "lanes", &Value::from(lanes).to_string());
    let (mut words, lines) = (Words::default(), &picture.lines);
    let numbers = |list: Vec<u64>| serde_json::to_string(&list).expect("numbers are JSON");
    put(&mut out, "lane", &numbers(picture.lane.iter().map(|&lane| lane as u64).collect()));
    put(&mut out, "turn", &numbers(lines.iter().map(|line| line.turn).collect()));
    put(&mut out, "time", &numbers(lines.iter().map(|line| line.time).collect()));
    put(&mut out, "input", &numbers(lines.iter().map(|line| line.input).collect()));
    put(&mut out, "kind", &numbers(lines.iter().map(|line| line.kind as u64).collect()));
    put(&mut out, "bytes", &numbers(lines.iter().map(|line| line.bytes.unwrap_or(0)).collect()));
    put(&mut out, "called", &numbers(lines.iter().map(|line| words.number(line.name) as u64).collect()));
    put(&mut out, "text", &numbers(lines.iter().map(|line| words.number(&line.text) as u64).collect()));
    put(&mut out, "kept", &numbers(lines.iter().map(|line| words.number(&line.kept) as u64).collect()));
    put(&mut out, "words", &serde_json::to_string(&words.list).expect("text is JSON"));
    let or_none = |line: Option<usize>| line.map_or(-1, |line| i64::try_from(line).unwrap_or(-1));
    let ways =
        picture.ways.iter().map(|way| [way.lane as i64, way.write as i64, or_none(way.sent), or_none(way.callback)]);
    put(&mut out, "ways", &serde_json::to_string(&ways.collect::<Vec<_>>()).expect("numbers are JSON"));
    put(&mut out, "kinds", &serde_json::to_string(&Kind::ALL.map(Kind::name)).expect("text is JSON"));
    out.pop();
    out.push('}');
    out
}

fn put(out: &mut String, name: &str, json: &str) {
    write!(out, "\"{name}\":{json},").expect("a String takes everything");
}

fn lane(lane: &Lane) -> Value {
    // Pairs keep their order, which an object would not.
    let changes = lane.changes.iter().map(|(line, changed)| json!([line, changed]));
    json!({
        "id": lane.of.map_or(String::from("loop"), id),
        "server": matches!(lane.of, Some(Target::Server(_))),
        "about": lane.about,
        "changes": changes.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_ends_the_script_or_begins_another() {
        let evil = "</script><script>alert(1)</script><!--\u{2028}&amp;\u{0}";
        let json = serde_json::to_string(&[evil]).unwrap();
        let safe = harmless(&json);
        assert!(!safe.contains(['<', '>', '&']) && safe.is_ascii(), "{safe}");
        assert_eq!(serde_json::from_str::<[String; 1]>(&safe).unwrap()[0], evil);
    }
}
