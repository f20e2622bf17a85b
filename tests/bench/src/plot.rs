//! Plots, as SVG: bars in groups, and lines.

use std::fmt::Write;

/// Colours that people with any eyes can tell apart (Okabe and Ito's), the first for what everything is compared with. Each
/// server has one of its own, so that it has the same in all plots; any other name has that of its place.
const COLOURS: [(&str, &str); 8] = [
    ("epoll", "#999999"),
    ("mio", "#56b4e9"),
    ("polling", "#009e73"),
    ("tokio", "#f0e442"),
    ("uv", "#0072b2"),
    ("netfold", "#d55e00"),
    ("netfold-cb", "#cc79a7"),
    ("node-pipe", "#000000"),
];
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
/// Room around the plot: left, top, right, bottom.
const ROOM: [f64; 4] = [64.0, 64.0, 16.0, 40.0];

/// One bar: what it stands for, and how far it may be off on either side.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// Its height.
    pub value: f64,
    /// Where the whisker begins and ends.
    pub range: (f64, f64),
}

/// One line of a plot of lines.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// Its points, from the left.
    pub points: Vec<(f64, f64)>,
}

fn colour(name: &str, at: usize) -> &'static str {
    let own = COLOURS.iter().find(|(server, _)| *server == name);
    own.unwrap_or(&COLOURS[at % COLOURS.len()]).1
}

struct Canvas {
    svg: String,
    most: f64,
}

impl Canvas {
    fn new(title: &str, names: &[String], most: f64, step: f64) -> Self {
        let mut svg = String::new();
        let _written = writeln!(
            svg,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<text x="{}" y="20" font-size="15">{}</text>"#,
            ROOM[0],
            escaped(title)
        );
        let mut canvas = Self { svg, most };
        for (at, name) in names.iter().enumerate() {
            let (x, colour) = (ROOM[0] + at as f64 * 108.0, colour(name, at));
            canvas.rect(x, 34.0, 10.0, 10.0, colour);
            canvas.text(x + 15.0, 43.0, "start", name);
        }
        let mut value = 0.0;
        while value <= most * 1.0001 {
            let y = canvas.y(value);
            canvas.line((ROOM[0], y), (WIDTH - ROOM[2], y), "#dddddd");
            let shown = if step < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") };
            canvas.text(ROOM[0] - 8.0, y + 4.0, "end", &shown);
            value += step;
        }
        canvas
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - ROOM[3] - value.clamp(0.0, self.most) / self.most * (HEIGHT - ROOM[1] - ROOM[3])
    }

    fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        let _written = writeln!(
            self.svg,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _written =
            writeln!(self.svg, r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{stroke}"/>"#);
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let _written =
            writeln!(self.svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{}</text>"#, escaped(text));
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>\n");
        self.svg
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Groups of bars, one bar of each group for each name, where there is one. What is higher than `most` is cut off, and its
/// value stands on it.
pub fn bars(title: &str, names: &[String], groups: &[(String, Vec<Option<Bar>>)], most: f64) -> String {
    let mut canvas = Canvas::new(title, names, most, most / 8.0);
    let group = (WIDTH - ROOM[0] - ROOM[2]) / groups.len().max(1) as f64;
    let width = group * 0.86 / names.len().max(1) as f64;
    for (at, (name, of_group)) in groups.iter().enumerate() {
        let left = ROOM[0] + group * (at as f64 + 0.07);
        for (index, bar) in of_group.iter().enumerate() {
            let Some(Bar { value, range }) = *bar else { continue };
            let (x, top) = (left + width * index as f64, canvas.y(value));
            canvas.rect(x, top, width - 1.0, canvas.y(0.0) - top, colour(&names[index], index));
            let middle = x + (width - 1.0) / 2.0;
            canvas.line((middle, canvas.y(range.0)), (middle, canvas.y(range.1)), "#333333");
            if value > most {
                canvas.text(middle, top - 3.0, "middle", &format!("{value:.1}"));
            }
        }
        canvas.text(left + group * 0.43, HEIGHT - ROOM[3] + 18.0, "middle", name);
    }
    let one = canvas.y(1.0);
    canvas.line((ROOM[0], one), (WIDTH - ROOM[2], one), "#333333");
    canvas.finish()
}

/// Lines over a logarithmic scale from left to right, with a mark at each power of ten.
pub fn lines(title: &str, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let most = points().map(|&(_, y)| y).fold(1.0, f64::max);
    let step = 10f64.powf(most.log10().floor()) / 2.0;
    let most = (most / step).ceil() * step;
    let (first, last) = points().fold((f64::MAX, 1.0_f64), |(low, high), &(x, _)| (low.min(x), high.max(x)));
    let names: Vec<_> = lines.iter().map(|line| line.name.clone()).collect();
    let mut canvas = Canvas::new(title, &names, most, step);
    let (low, span) = (first.log10(), (last.log10() - first.log10()).max(f64::MIN_POSITIVE));
    let x = |value: f64| ROOM[0] + 20.0 + (value.log10() - low) / span * (WIDTH - ROOM[0] - ROOM[2] - 40.0);
    for (at, line) in lines.iter().enumerate() {
        let colour = colour(&line.name, at);
        let places: Vec<_> = line.points.iter().map(|&(n, y)| (x(n), canvas.y(y))).collect();
        for pair in places.windows(2) {
            canvas.line(pair[0], pair[1], colour);
        }
        for (x, y) in places {
            canvas.rect(x - 2.5, y - 2.5, 5.0, 5.0, colour);
        }
    }
    let mut mark = 10f64.powf(low.ceil());
    while mark <= last {
        canvas.text(x(mark), HEIGHT - ROOM[3] + 18.0, "middle", &format!("{mark:.0}"));
        mark *= 10.0;
    }
    canvas.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bar_and_each_point_is_drawn() {
        let names = ["a<b".to_owned(), "c".to_owned()];
        let bar = Some(Bar { value: 9.0, range: (8.0, 10.0) });
        let svg = bars("t", &names, &[("g".to_owned(), vec![bar, None])], 4.0);
        // The ground, two names, one bar.
        assert_eq!(svg.matches("<rect").count(), 4);
        assert!(svg.contains("a&lt;b") && svg.contains(">9.0<") && svg.ends_with("</svg>\n"), "{svg}");
        let line = Line { name: "l".to_owned(), points: vec![(10.0, 4000.0), (100.0, 4100.0), (1000.0, 4200.0)] };
        let svg = lines("t", &[line]);
        assert_eq!(svg.matches("<rect").count(), 5);
        assert!(svg.contains(">10<") && svg.contains(">1000<") && svg.contains(">4500<"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_server_has_one_colour_wherever_it_stands() {
        assert_eq!(colour("netfold", 0), colour("netfold", 5));
        assert_eq!([colour("another", 5), colour("another", 13)], [colour("netfold", 0); 2]);
    }
}
