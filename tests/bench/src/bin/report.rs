//! What was measured, as the page and the plots of `tests/bench` show it.

use clap::Parser;
use netfold_bench::plot::{Bar, Line, bars, lines};
use netfold_bench::table::Table;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Reads the figures of `tests/bench/run`, draws them, and writes the tables into the page.
#[derive(Parser)]
struct Options {
    /// Where the figures are, and the plots go: a folder of tests/bench/results.
    from: PathBuf,
    /// The page; the tables stand in it between `<!-- NAME -->` and `<!-- end of NAME -->`, NAME being that of the folder.
    #[arg(long)]
    page: Option<PathBuf>,
}

/// The columns of the table of ratios.
const SERVERS: [&str; 8] = ["epoll", "mio", "polling", "tokio", "uv", "netfold", "netfold-cb", "node-pipe"];
/// Its bars are cut off here.
const MOST: f64 = 4.0;

fn main() -> io::Result<()> {
    let options = Options::parse();
    let read = |name: &str| Table::read(&options.from.join(name));
    let compared = read("compare.tsv")?;
    let mut text = String::new();
    if let Ok(machine) = fs::read_to_string(options.from.join("machine.txt")) {
        let _written = writeln!(text, "{}\n", machine.trim());
    }
    ratios(&mut text, &compared);
    recording(&mut text, &read("recording.tsv")?);
    growth(&mut text, &read("growth.tsv")?);
    for (name, title) in [
        ("idle.tsv", "An idle connection after one echo, 5,000 of them, bytes (`idle`):"),
        ("instructions.tsv", "Instructions outside of the kernel, per request (`instructions`, callgrind):"),
        ("cycles.tsv", "The core alone, nanoseconds (`core_cycle`):"),
        ("bad.tsv", "Bad input (`bad_input`):"),
    ] {
        let table = read(name)?;
        if !table.values("server").is_empty() || !table.values("cycle").is_empty() || !table.values("case").is_empty() {
            let _written = writeln!(text, "{title}\n\n{}", table.markdown());
        }
    }
    fs::write(options.from.join("ratios.svg"), ratios_plot(&compared))?;
    fs::write(options.from.join("growth.svg"), growth_plot(&read("growth.tsv")?))?;
    print!("{text}");
    options.page.map_or(Ok(()), |page| put(&page, &options.from, &text))
}

/// Puts the tables into the page, in place of those that were there.
fn put(page: &Path, from: &Path, text: &str) -> io::Result<()> {
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let whole = fs::read_to_string(page)?;
    let parts = whole.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = parts.ok_or_else(|| io::Error::other(format!("the page has no place for {name}")))?;
    fs::write(page, format!("{before}{begin}\n{text}{end}{after}"))
}

/// Server CPU over epoll's: the 10th percentiles, and in brackets from the 10th to the 90th of the ratios of one round.
fn ratios(text: &mut String, table: &Table) {
    let works = table.values("work");
    if works.is_empty() {
        return;
    }
    let servers: Vec<_> = SERVERS.iter().filter(|name| table.values("server").contains(name)).collect();
    let _written = writeln!(
        text,
        "Server CPU over epoll's: medians of the ratios of one round, their 10th to 90th percentile, and after the stroke the \
         ratio of the 10th percentiles; the first column is epoll's, in nanoseconds (`compare`).\n"
    );
    let names: Vec<_> = servers.iter().skip(1).map(|name| (**name).to_owned()).collect();
    let _written = writeln!(text, "| work | epoll | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len() + 1));
    for work in works {
        let mut row = vec![work.to_owned()];
        let ns = |head| table.number(&[work, "epoll"], head).unwrap_or(f64::NAN);
        row.push(format!("{:.0} / {:.0}", ns("ns"), ns("p10")));
        for server in servers.iter().skip(1) {
            let cell = |head| table.number(&[work, server], head);
            row.push(match (cell("ratio"), cell("ratio_p10"), cell("ratio_low"), cell("ratio_high")) {
                (Some(ratio), Some(p10), Some(low), Some(high)) => {
                    format!("{ratio:.2} ({low:.2}-{high:.2}) / {p10:.2}")
                }
                _ => String::from("-"),
            });
        }
        let _written = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
    let _written = writeln!(text, "Answers in a second, and the 99th percentile of the time to one in microseconds:\n");
    let heads: Vec<_> = servers.iter().map(|name| (**name).to_owned()).collect();
    let _written = writeln!(text, "| work | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for work in table.values("work") {
        let cells = servers.iter().map(|server| {
            let cell = |head| table.number(&[work, server], head);
            cell("rate").zip(cell("p99")).map_or(String::from("-"), |(rate, p99)| format!("{rate:.0}, {p99:.0}"))
        });
        let _written = writeln!(text, "| {work} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    text.push('\n');
}

fn recording(text: &mut String, table: &Table) {
    let works = table.values("work");
    if works.is_empty() {
        return;
    }
    let _written = writeln!(text, "Recording into a file, over netfold unrecorded (as above):\n");
    let _written = writeln!(text, "| work | length | hash | full |\n|---|---|---|---|");
    for work in works {
        let cells = ["netfold-length", "netfold-hash", "netfold-full"].map(|server| {
            let cell = |head| table.number(&[work, server], head).unwrap_or(f64::NAN);
            let (ratio, p10) = (cell("ratio"), cell("ratio_p10"));
            format!("{ratio:.2} ({:.2}-{:.2}) / {p10:.2}", cell("ratio_low"), cell("ratio_high"))
        });
        let _written = writeln!(text, "| {work} | {} |", cells.join(" | "));
    }
    text.push('\n');
}

/// How many connections a work has.
fn connections(work: &str) -> Option<f64> {
    work.split('x').next()?.parse().ok()
}

fn growth(text: &mut String, table: &Table) {
    let works = table.values("work");
    if works.is_empty() {
        return;
    }
    let _written = writeln!(text, "Nanoseconds of server CPU per request as connections grow (10th percentile):\n");
    let _written =
        writeln!(text, "| server | {} | last over 100 |\n|---|{}", works.join(" | "), "---|".repeat(works.len() + 1));
    for server in table.values("server") {
        let ns: Vec<_> = works.iter().map(|work| table.number(&[work, server], "p10").unwrap_or(f64::NAN)).collect();
        let hundred = works.iter().position(|work| connections(work) == Some(100.0));
        let grown = hundred.and_then(|at| Some(ns.last()? / ns[at])).unwrap_or(f64::NAN);
        let cells: Vec<_> = ns.iter().map(|ns| format!("{ns:.0}")).collect();
        let _written = writeln!(text, "| {server} | {} | {grown:.2} |", cells.join(" | "));
    }
    text.push('\n');
}

fn ratios_plot(table: &Table) -> String {
    let names: Vec<String> = SERVERS.iter().map(|&name| name.to_owned()).collect();
    let bar = |work: &str, server: &str| {
        let cell = |head| table.number(&[work, server], head);
        Some(Bar { value: cell("ratio")?, range: (cell("ratio_low")?, cell("ratio_high")?) })
    };
    let works = table.values("work").into_iter();
    let groups: Vec<_> =
        works.map(|work| (work.to_owned(), SERVERS.iter().map(|server| bar(work, server)).collect())).collect();
    bars("Server CPU per request, over a hand-written epoll loop (less is better)", &names, &groups, MOST)
}

fn growth_plot(table: &Table) -> String {
    let works = table.values("work");
    let line = |server: &str| Line {
        name: server.to_owned(),
        points: works
            .iter()
            .filter_map(|work| Some((connections(work)?, table.number(&[work, server], "p10")?)))
            .collect(),
    };
    let all: Vec<_> = table.values("server").into_iter().map(line).collect();
    lines("Nanoseconds of server CPU per request of 64 bytes, by connections", &all)
}
