//! Diagrams: the states at their places, an arrow for each pair of states that a row connects, labelled with the causes.
//!
//! Places come from the table; how arrows bend and where labels stand is the cheapest of a few candidates each. Arithmetic
//! is plain IEEE, so the same table gives the same picture everywhere.

use crate::table::{Row, State, Table};
use std::fmt::Write as _;

/// The distance of two columns and of two rows, in pixels.
const STEP: (f64, f64) = (340.0, 200.0);
const NODE_HEIGHT: f64 = 34.0;
const LINE_HEIGHT: f64 = 14.0;
/// The width of a character of a label, in pixels: a little more than the fonts have.
const CHAR: f64 = 6.2;
/// Labels are broken after so many characters.
const WIDEST: usize = 40;
const MARGIN: f64 = 24.0;
/// How often each arrow is placed anew, the others standing.
const ROUNDS: usize = 4;

/// A rectangle by its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Its middle.
    pub at: (f64, f64),
    /// Half its width and half its height.
    pub half: (f64, f64),
}

impl Rect {
    fn holds(&self, (x, y): (f64, f64), more: f64) -> bool {
        (x - self.at.0).abs() < self.half.0 + more && (y - self.at.1).abs() < self.half.1 + more
    }

    /// How far two rectangles lie in one another, in pixels; 0 if they do not.
    pub fn overlap(&self, other: &Rect) -> f64 {
        let x = self.half.0 + other.half.0 - (self.at.0 - other.at.0).abs();
        let y = self.half.1 + other.half.1 - (self.at.1 - other.at.1).abs();
        if x > 0.0 && y > 0.0 { x.min(y) } else { 0.0 }
    }
}

/// An arrow, or a loop on one state.
#[derive(Clone, Debug)]
struct Arrow {
    from: usize,
    to: usize,
    lines: Vec<String>,
}

/// Where an arrow runs: a curve with two control points, and where its label stands.
#[derive(Clone, Debug)]
struct Route {
    curve: [(f64, f64); 4],
    samples: Vec<(f64, f64)>,
    label: Rect,
    /// What it costs whatever else there is.
    own: f64,
}

/// A picture before it is written.
#[derive(Debug)]
pub struct Layout {
    /// The boxes of the states.
    pub nodes: Vec<Rect>,
    /// The labels of the arrows.
    pub labels: Vec<Rect>,
    arrows: Vec<Arrow>,
    routes: Vec<Route>,
    notes: Vec<String>,
}

/// More events than these make a label too long; the table has them.
const MOST_EVENTS: usize = 2;

fn cause(row: &Row) -> &str {
    row.cause.strip_prefix("call: ").unwrap_or(&row.cause)
}

/// A cause, and what all its rows here emit.
fn label(rows: &[&Row]) -> String {
    let (cause, events) = (cause(rows[0]), &rows[0].events);
    let alike = rows.iter().all(|row| row.events == *events) && events.len() <= MOST_EVENTS;
    match (alike, events.is_empty()) {
        (true, true) => cause.into(),
        (true, false) => format!("{cause} / {}", events.join(", ")),
        (false, _) => format!("{cause} / \u{2026}"),
    }
}

/// Breaks at blanks.
fn broken(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in line.split(' ') {
        let last = out.last_mut().expect("a line");
        if !last.is_empty() && last.len() + 1 + word.len() > WIDEST {
            out.push(format!("  {word}"));
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    out
}

fn node(state: &State) -> Rect {
    let width = state.name.len() as f64 * 8.4 + 26.0;
    Rect { at: (state.at.0 * STEP.0, state.at.1 * STEP.1), half: (width / 2.0, NODE_HEIGHT / 2.0) }
}

fn arrows(table: &Table) -> (Vec<Arrow>, Vec<String>) {
    let index = |name: &str| table.states.iter().position(|state| state.name == name);
    let (mut arrows, mut notes): (Vec<Arrow>, Vec<String>) = (Vec::new(), Vec::new());
    for row in &table.rows {
        let alike = |other: &&Row| (&other.state, &other.next, &other.cause) == (&row.state, &row.next, &row.cause);
        let rows: Vec<&Row> = table.rows.iter().filter(alike).collect();
        let named = index(&row.state).is_some();
        if named && rows[0] != row {
            continue;
        }
        let text = if named { label(&rows) } else { label(&[row]) };
        let Some(from) = index(&row.state) else {
            let to = index(&row.next).map(|to| format!(" \u{2192} {}", table.states[to].name));
            let given =
                if row.condition.is_empty() { String::new() } else { format!(" [{}]", row.condition.join(", ")) };
            notes.push(format!("any state: {text}{given}{}", to.unwrap_or_default()));
            continue;
        };
        let to = index(&row.next).expect("the table was read");
        match arrows.iter_mut().find(|arrow| arrow.from == from && arrow.to == to) {
            Some(arrow) => arrow.lines.extend(broken(&text)),
            None => arrows.push(Arrow { from, to, lines: broken(&text) }),
        }
    }
    (arrows, notes)
}

fn point(curve: &[(f64, f64); 4], t: f64) -> (f64, f64) {
    let u = 1.0 - t;
    let weights = [u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t];
    let sum = |pick: fn(&(f64, f64)) -> f64| curve.iter().zip(weights).map(|(p, w)| pick(p) * w).sum();
    (sum(|p| p.0), sum(|p| p.1))
}

/// The part of a curve outside of the two boxes that it connects.
fn outside(curve: [(f64, f64); 4], from: &Rect, to: &Rect) -> [(f64, f64); 4] {
    let steps = 200;
    let at = |n: i32| f64::from(n) / f64::from(steps);
    let start = (0..=steps).find(|n| !from.holds(point(&curve, at(*n)), 1.0)).unwrap_or(0);
    let end = (0..=steps).rev().find(|n| !to.holds(point(&curve, at(*n)), 2.0)).unwrap_or(steps);
    part(curve, at(start), at(end))
}

/// A cubic curve between two of its parameters.
fn part(curve: [(f64, f64); 4], a: f64, b: f64) -> [(f64, f64); 4] {
    let mix = |p: (f64, f64), q: (f64, f64), t: f64| (p.0 + (q.0 - p.0) * t, p.1 + (q.1 - p.1) * t);
    let blossom = |t: [f64; 3]| {
        let first = [0, 1, 2].map(|n| mix(curve[n], curve[n + 1], t[0]));
        let second = [mix(first[0], first[1], t[1]), mix(first[1], first[2], t[1])];
        mix(second[0], second[1], t[2])
    };
    [blossom([a, a, a]), blossom([a, a, b]), blossom([a, b, b]), blossom([b, b, b])]
}

fn size(lines: &[String]) -> (f64, f64) {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    (longest as f64 * CHAR / 2.0 + 5.0, lines.len() as f64 * LINE_HEIGHT / 2.0 + 3.0)
}

fn route(curve: [(f64, f64); 4], label: Rect, own: f64) -> Route {
    let samples = (0..=16).map(|n| point(&curve, f64::from(n) / 16.0)).collect();
    Route { curve, samples, label, own }
}

/// Ways that an arrow can take, with its label at several places on it.
fn candidates(arrow: &Arrow, nodes: &[Rect]) -> Vec<Route> {
    let (from, to) = (nodes[arrow.from], nodes[arrow.to]);
    let half = size(&arrow.lines);
    if arrow.from == arrow.to {
        return loops(from, half);
    }
    let (dx, dy) = (to.at.0 - from.at.0, to.at.1 - from.at.1);
    let length = (dx * dx + dy * dy).sqrt();
    let normal = (-dy / length, dx / length);
    let mut out = Vec::new();
    for bend in [0.0, 24.0, 48.0, 80.0, 120.0, 170.0, 230.0, 300.0, 380.0] {
        for side in [1.0, -1.0] {
            let off = bend * side * 4.0 / 3.0;
            let control =
                |share: f64| (from.at.0 + dx * share + normal.0 * off, from.at.1 + dy * share + normal.1 * off);
            let curve = outside([from.at, control(0.2), control(0.8), to.at], &from, &to);
            for t in [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82] {
                let own = bend * 0.9 + (t - 0.5_f64).abs() * 60.0;
                out.push(route(curve, Rect { at: point(&curve, t), half }, own));
            }
        }
    }
    out
}

/// A loop leaves and enters on one side, with its label beside it.
fn loops(of: Rect, half: (f64, f64)) -> Vec<Route> {
    let mut out = Vec::new();
    for (x, y) in [(1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.7, -1.0), (-0.7, -1.0), (0.7, 1.0), (-0.7, 1.0)]
    {
        let (x, y): (f64, f64) = (x, y);
        let corner = x != 0.0 && y != 0.0;
        let foot = (of.at.0 + x * of.half.0, of.at.1 + y * of.half.1);
        let along = if y == 0.0 { (0.0, 9.0) } else { (12.0, 0.0) };
        let reach = 30.0;
        let out_by = if y == 0.0 { (x * reach, 0.0) } else { (0.0, y * reach) };
        let a = (foot.0 - along.0, foot.1 - along.1);
        let b = (foot.0 + along.0, foot.1 + along.1);
        let wide = (along.0 * 0.8, along.1 * 0.8);
        let curve = [
            a,
            (a.0 + out_by.0 - wide.0, a.1 + out_by.1 - wide.1),
            (b.0 + out_by.0 + wide.0, b.1 + out_by.1 + wide.1),
            b,
        ];
        let far = (foot.0 + out_by.0 * 0.8, foot.1 + out_by.1 * 0.8);
        let at = if y == 0.0 { (far.0 + x * (half.0 + 2.0), far.1) } else { (far.0, far.1 + y * (half.1 + 2.0)) };
        out.push(route(curve, Rect { at, half }, if corner { 25.0 } else { 0.0 }));
    }
    out
}

/// What a label costs that covers something: too much, and more the more it covers.
fn covering(pixels: f64) -> f64 {
    if pixels > 0.0 { 2000.0 + pixels * 200.0 } else { 0.0 }
}

fn cost(route: &Route, arrow: &Arrow, nodes: &[Rect], others: &[(usize, &Route)]) -> f64 {
    let mut sum = route.own;
    for (n, node) in nodes.iter().enumerate() {
        sum += covering(route.label.overlap(node));
        if n != arrow.from && n != arrow.to {
            sum += route.samples.iter().filter(|p| node.holds(**p, 8.0)).count() as f64 * 400.0;
        }
    }
    for (_, other) in others {
        let grown = Rect { half: (other.label.half.0 + 3.0, other.label.half.1 + 3.0), ..other.label };
        sum += covering(route.label.overlap(&grown));
        sum += route.samples.iter().filter(|p| other.label.holds(**p, 2.0)).count() as f64 * 60.0;
        sum += other.samples.iter().filter(|p| route.label.holds(**p, 2.0)).count() as f64 * 60.0;
        let near =
            |p: &&(f64, f64)| other.samples[1..16].iter().any(|q| (p.0 - q.0).abs() < 10.0 && (p.1 - q.1).abs() < 10.0);
        sum += route.samples[1..16].iter().filter(near).count() as f64 * 15.0;
    }
    sum
}

/// Places everything.
pub fn layout(table: &Table) -> Layout {
    let nodes: Vec<Rect> = table.states.iter().map(node).collect();
    let (arrows, notes) = arrows(table);
    let ways: Vec<Vec<Route>> = arrows.iter().map(|arrow| candidates(arrow, &nodes)).collect();
    let mut chosen: Vec<Option<usize>> = vec![None; arrows.len()];
    for _ in 0..ROUNDS {
        for (n, arrow) in arrows.iter().enumerate() {
            let others: Vec<(usize, &Route)> = (0..arrows.len())
                .filter(|other| *other != n)
                .filter_map(|other| Some((other, &ways[other][chosen[other]?])))
                .collect();
            let costs = ways[n].iter().map(|way| cost(way, arrow, &nodes, &others));
            chosen[n] = costs.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at);
        }
    }
    let routes: Vec<Route> = chosen.iter().zip(&ways).map(|(at, ways)| ways[at.expect("a way")].clone()).collect();
    Layout { nodes, labels: routes.iter().map(|route| route.label).collect(), arrows, routes, notes }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const STYLE: &str = "
    .page { fill: #ffffff } .node { fill: #eef3fb; stroke: #3b5b92; stroke-width: 1.5 }
    .name { font: 600 14px Helvetica, Arial, sans-serif; fill: #14213d; text-anchor: middle }
    .arrow { fill: none; stroke: #5f6b7a; stroke-width: 1.3 } .head { fill: #5f6b7a }
    .back { fill: #ffffff; fill-opacity: 0.92 } .label, .note { font: 11px Helvetica, Arial, sans-serif; fill: #1f2937 }
    .one { text-anchor: middle }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } .node { fill: #1b2840; stroke: #7aa2e3 } .name { fill: #e6edf3 }
      .arrow { stroke: #9aa7b5 } .head { fill: #9aa7b5 } .back { fill: #0d1117 } .label, .note { fill: #d5dde5 }
    }
";

/// The picture of a table.
pub fn svg(table: &Table) -> String {
    let layout = layout(table);
    let all = || layout.nodes.iter().chain(&layout.labels);
    let points = || layout.routes.iter().flat_map(|route| route.samples.iter().copied());
    let low = |pick: fn((f64, f64)) -> f64| {
        let boxes = all().map(|r| pick(r.at) - pick(r.half));
        boxes.chain(points().map(pick)).fold(f64::MAX, f64::min)
    };
    let high = |pick: fn((f64, f64)) -> f64| {
        let boxes = all().map(|r| pick(r.at) + pick(r.half));
        boxes.chain(points().map(pick)).fold(f64::MIN, f64::max)
    };
    let (left, top) = (low(|p| p.0) - MARGIN, low(|p| p.1) - MARGIN);
    let width = (high(|p| p.0) + MARGIN - left).ceil();
    let notes_at = high(|p| p.1) + MARGIN - top;
    let height = (notes_at + layout.notes.len() as f64 * (LINE_HEIGHT + 2.0) + MARGIN / 2.0).ceil();
    let mut out = String::new();
    _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"{}\">",
        escaped(&table.title)
    );
    _ = writeln!(out, "  <style>{STYLE}  </style>");
    _ = writeln!(out, "  <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>");
    let shift = |p: (f64, f64)| format!("{:.1} {:.1}", p.0 - left, p.1 - top);
    for route in &layout.routes {
        let [a, b, c, d] = route.curve;
        _ = writeln!(out, "  <path class=\"arrow\" d=\"M{} C{} {} {}\"/>", shift(a), shift(b), shift(c), shift(d));
        _ = writeln!(out, "  <path class=\"head\" d=\"{}\"/>", head(c, d, &shift));
    }
    for (state, rect) in table.states.iter().zip(&layout.nodes) {
        let (x, y) = (rect.at.0 - left, rect.at.1 - top);
        let (w, h) = (rect.half.0 * 2.0, rect.half.1 * 2.0);
        let corner = (x - rect.half.0, y - rect.half.1);
        _ = writeln!(
            out,
            "  <rect class=\"node\" x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"9\"/>",
            corner.0, corner.1
        );
        _ = writeln!(out, "  <text class=\"name\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", y + 5.0, escaped(&state.name));
    }
    for (arrow, route) in layout.arrows.iter().zip(&layout.routes) {
        let Rect { at, half } = route.label;
        let (x, y) = (at.0 - half.0 - left, at.1 - half.1 - top);
        let (w, h) = (half.0 * 2.0, half.1 * 2.0);
        _ = writeln!(out, "  <rect class=\"back\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"/>");
        if let [line] = &arrow.lines[..] {
            let (x, y) = (x + half.0, y + 13.0);
            _ = writeln!(out, "  <text class=\"label one\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(line));
            continue;
        }
        for (n, line) in arrow.lines.iter().enumerate() {
            let y = y + 13.0 + n as f64 * LINE_HEIGHT;
            let x = x + 5.0 + (line.len() - line.trim_start().len()) as f64 * 4.0;
            _ = writeln!(
                out,
                "  <text class=\"label\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                escaped(line.trim_start())
            );
        }
    }
    for (n, note) in layout.notes.iter().enumerate() {
        let y = notes_at + n as f64 * (LINE_HEIGHT + 2.0);
        _ = writeln!(out, "  <text class=\"note\" x=\"{MARGIN}\" y=\"{y:.1}\">{}</text>", escaped(note));
    }
    out.push_str("</svg>\n");
    out
}

/// An arrow's head at d, coming from c.
fn head(c: (f64, f64), d: (f64, f64), shift: &dyn Fn((f64, f64)) -> String) -> String {
    let (dx, dy) = (d.0 - c.0, d.1 - c.1);
    let length = (dx * dx + dy * dy).sqrt().max(1.0);
    let (x, y) = (dx / length, dy / length);
    let back = (d.0 - x * 9.0, d.1 - y * 9.0);
    let (a, b) = ((back.0 - y * 4.0, back.1 + x * 4.0), (back.0 + y * 4.0, back.1 - x * 4.0));
    format!("M{} L{} L{} Z", shift(d), shift(a), shift(b))
}
