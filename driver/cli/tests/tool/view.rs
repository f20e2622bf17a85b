//! `netfold view`: its page in a real browser, where there is one.

use crate::process::{Folder, skipped};
use crate::run;
use crate::trace::{echoed, recorded};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// The page of a trace.
fn page(folder: &Folder, trace: &str) -> String {
    let html = folder.file("view.html");
    run(["view", trace, "-o", &html]).went_well();
    std::fs::read_to_string(html).unwrap()
}

fn browser() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").stderr(Stdio::null()).output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(works);
    if found.is_none() {
        skipped("no chromium (apt-get install chromium)");
    }
    found
}

/// What is before a page's own script: errors are noted, and each drawing is counted.
const BEFORE: &str = r#"<script>
window.faults = [];
addEventListener("error", (event) => faults.push(String(event.message)));
document.addEventListener("securitypolicyviolation", (event) => faults.push("blocked " + event.violatedDirective));
window.drawn = 0;
for (const name of ["fill", "stroke", "fillRect", "strokeRect", "fillText"]) {
  const own = CanvasRenderingContext2D.prototype[name];
  CanvasRenderingContext2D.prototype[name] = function (...args) { drawn++; return own.apply(this, args); };
}
</script>"#;

/// What is behind it: hands for the tests' scripts, which give back what is to be told.
const BEHIND: &str = r##"<script>
const key = (key, more) => document.dispatchEvent(new KeyboardEvent("keydown", { key, ...more }));
const text = (id) => document.getElementById(id).textContent;
const state = () => Object.fromEntries([...document.querySelectorAll("#state tr")].map((row) => [...row.cells].map((c) => c.textContent)));
const type = (what) => { $("find").value = what; $("find").dispatchEvent(new Event("input")); };
const mouse = (kind, x, y, more) => {
  const box = $("lanes").getBoundingClientRect();
  const Kind = kind === "wheel" ? WheelEvent : PointerEvent;
  $("lanes").dispatchEvent(new Kind(kind, { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, ...more }));
};
let told;
try { told = (() => { SCRIPT })(); } catch (error) { faults.push(String(error.stack)); }
const marked = [...document.querySelectorAll("img, iframe, object, link, a")].length;
const out = JSON.stringify({ told, faults, marked, scripts: document.scripts.length, hacked: String(window.hacked) });
document.body.replaceChildren();
document.head.replaceChildren();
const pre = document.createElement("pre");
pre.textContent = "TOLD" + btoa(unescape(encodeURIComponent(out))) + "TOLD";
document.body.append(pre);
</script></body>"##;

/// Opens the page and runs a script in it; what that returns.
fn opened(browser: &str, folder: &Folder, page: &str, script: &str) -> Value {
    let at = page.rfind("<script id=\"data\"").unwrap();
    let (head, rest) = page.split_at(at);
    let file = folder.file("driven.html");
    let driven = [head, BEFORE, &rest.replace("</body>", &BEHIND.replace("SCRIPT", script))].concat();
    std::fs::write(&file, driven).unwrap();
    let profile = format!("--user-data-dir={}", folder.file("profile"));
    let ran = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1500,900", "--virtual-time-budget=2000"])
        .args([&profile, "--dump-dom", &format!("file://{file}")])
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let dom = String::from_utf8(ran.stdout).unwrap();
    let told = dom.split("TOLD").nth(1).unwrap_or_else(|| panic!("nothing was told: {dom:.2000}"));
    let told: Value = serde_json::from_slice(&decoded(told)).unwrap();
    assert_eq!((&told["faults"], &told["marked"], &told["hacked"]), (&json!([]), &json!(0), &json!("undefined")));
    assert_eq!(told["scripts"], 4, "the page's two and the test's two");
    told["told"].clone()
}

/// Base64, which passes through HTML unchanged.
fn decoded(text: &str) -> Vec<u8> {
    let value =
        |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|&v| v == c);
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for six in text.bytes().map_while(value) {
        (bits, count) = (bits << 6 | six as u32, count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    out
}

#[test]
fn the_page_is_one_file_that_asks_nobody() {
    let (folder, trace, _) = recorded();
    let page = page(&folder, &trace);
    for word in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval("] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_page_steps_searches_zooms_and_tells_states() {
    let Some(browser) = browser() else { return };
    let (folder, trace, _) = recorded();
    let html = page(&folder, &trace);
    let shown = run(["show", "--json", &trace]);
    let lines: Vec<Value> = shown.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = opened(
        browser,
        &folder,
        &html,
        r##"
        const at = () => view.at;
        const told = { lines: N, first: text("line"), lanes: lanes.map((lane) => lane.id), steps: [], turns: [], back: [] };
        for (let i = 0; i < 12; i++) { key("ArrowRight"); told.steps.push([at(), text("line")]); }
        key("ArrowLeft"); told.left = at();
        for (let i = 0; i < 5; i++) { key("ArrowRight", { shiftKey: true }); told.turns.push([at(), D.turn[at()]]); }
        for (let i = 0; i < 5; i++) { key("ArrowLeft", { shiftKey: true }); told.back.push([at(), D.turn[at()]]); }
        key("End"); told.last = text("line");
        key("Home");
        type("'data'"); told.found = text("found");
        key("n"); told.hit = text("line"); told.hitAt = at();
        key("n"); key("N"); told.again = at();
        const width = view.to - view.from;
        mouse("wheel", 600, 100, { deltaY: -200 });
        told.zoomed = (view.to - view.from) / width;
        const lane = lanes.find((lane) => lane.id === "c0.1");
        go(lane.lines[lane.lines.length >> 1]);
        told.chosen = [at(), text("line"), state()];
        key("ArrowDown");
        told.beside = [at(), text("whose")];
        go(told.hitAt);
        mouse("pointerdown", xOf(told.hitAt), TOP + view.lane * ROW - view.top + 20, { pointerId: 1 });
        mouse("pointerup", xOf(told.hitAt) + 1, TOP + view.lane * ROW - view.top + 20, { pointerId: 1 });
        told.picked = at();
        key("t"); told.mode = text("mode");
        paint();
        key("0");
        paint();
        told.address = location.hash;
        return told;
        "##,
    );
    assert_eq!(told["lines"], lines.len());
    let text = |at: usize| lines[at]["text"].as_str().unwrap();
    assert_eq!(told["first"], text(0));
    for (n, step) in told["steps"].as_array().unwrap().iter().enumerate() {
        assert_eq!(step, &json!([n + 1, text(n + 1)]));
    }
    assert_eq!((&told["left"], &told["last"]), (&json!(11), &json!(text(lines.len() - 1))));
    let begins = |turn: u64| lines.iter().position(|line| line["turn"] == turn).unwrap();
    for (n, turn) in told["turns"].as_array().unwrap().iter().enumerate() {
        assert_eq!(turn, &json!([begins(n as u64 + 1), n + 1]));
    }
    for (n, turn) in told["back"].as_array().unwrap().iter().enumerate() {
        assert_eq!(turn, &json!([begins(4 - n as u64), 4 - n]));
    }
    let data: Vec<usize> = (0..lines.len()).filter(|&at| text(at).contains("'data'")).collect();
    assert_eq!(told["found"], data.len().to_string());
    assert_eq!((&told["hitAt"], &told["hit"]), (&json!(data[0]), &json!(text(data[0]))));
    assert_eq!((&told["again"], &told["picked"]), (&told["hitAt"], &told["hitAt"]));
    assert!(told["zoomed"].as_f64().unwrap() < 0.7, "{told}");
    assert_eq!((&told["mode"], &told["beside"][0]), (&json!("by clock"), &told["chosen"][0]));
    assert!(told["address"].as_str().unwrap().contains("by=clock"), "{told}");
    // The panel tells what seek tells: of the next input, since seek stops right before one.
    let chosen = told["chosen"][0].as_u64().unwrap() as usize;
    let input = lines[chosen]["input"].as_u64().unwrap()
        + u64::from(told["chosen"][1].as_str() == Some(text(chosen)) && is_input(&lines[chosen]));
    let seek = run(["seek", "--json", "--socket", "c0.1", &trace, &input.to_string()]);
    let seek: Value = serde_json::from_str(&seek.went_well().out).unwrap();
    for (name, value) in told["chosen"][2].as_object().unwrap() {
        let said = &seek["sockets"][0][name];
        assert_eq!(value.as_str().unwrap(), said.as_str().map_or(said.to_string(), String::from), "{name}");
    }
}

fn is_input(line: &Value) -> bool {
    !["call", "emit", "schedule", "return", "idle", "released"].contains(&line["kind"].as_str().unwrap())
}

#[test]
fn what_a_peer_or_a_path_says_is_text_on_the_page() {
    let folder = Folder::new();
    let evil = "<img src=x onerror=hacked=1></script><script>hacked=1</script>&lt;\u{202e}${hacked=1}";
    // A path has no slash in a name.
    let name = evil.replace('/', "_");
    let trace = echoed(&folder, &name, evil.as_bytes(), "full");
    let html = page(&folder, &trace);
    assert!(!html.contains("onerror=hacked=1>"), "it is escaped in the file already");
    let Some(browser) = browser() else { return };
    let told = opened(
        browser,
        &folder,
        &html,
        r##"
        type("onerror"); key("n");
        const first = text("line"), found = text("found");
        key("n");
        paint();
        return { first, found, second: text("line"), around: text("around"), about: lanes.map((lane) => lane.about).join() };
        "##,
    );
    assert!(told["first"].as_str().unwrap().contains("<img src=x onerror=hacked=1>"), "{told}");
    assert!(told["about"].as_str().unwrap().contains("<img src=x"), "{told}");
}

/// A page with the same lines again and again, until there are 300,000.
fn long(page: &str) -> String {
    let (before, rest) = page.split_once("type=\"application/json\">").unwrap();
    let (data, after) = rest.split_once("</script>").unwrap();
    let mut data: Value = serde_json::from_str(data).unwrap();
    let lines = data["lane"].as_array().unwrap().len();
    let times = 300_000 / lines;
    let last = |data: &Value, name: &str| data[name].as_array().unwrap().last().unwrap().as_u64().unwrap() + 1;
    for (name, step) in [
        ("lane", 0),
        ("kind", 0),
        ("bytes", 0),
        ("called", 0),
        ("text", 0),
        ("kept", 0),
        ("turn", last(&data, "turn")),
        ("time", last(&data, "time")),
        ("input", last(&data, "input")),
    ] {
        let one: Vec<u64> = data[name].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
        let all = (0..times as u64).flat_map(|n| one.iter().map(move |v| v + n * step));
        data[name] = all.collect();
    }
    let ways = data["ways"].as_array().unwrap().clone();
    let far =
        |line: &Value, n: usize| line.as_i64().filter(|&line| line >= 0).map_or(-1, |line| line + (n * lines) as i64);
    let all =
        (0..times).flat_map(|n| ways.iter().map(move |w| json!([w[0], far(&w[1], n), far(&w[2], n), far(&w[3], n)])));
    data["ways"] = all.collect();
    for lane in data["lanes"].as_array_mut().unwrap() {
        let one = lane["changes"].as_array().unwrap().clone();
        let all = (0..times).flat_map(|n| one.iter().map(move |c| json!([far(&c[0], n), c[1]])));
        lane["changes"] = all.collect();
    }
    [before, "type=\"application/json\">", &data.to_string(), "</script>", after].concat()
}

#[test]
fn many_events_cost_no_more_to_draw_than_there_are_pixels() {
    let Some(browser) = browser() else { return };
    let (folder, trace, _) = recorded();
    let html = long(&page(&folder, &trace));
    let told = opened(
        browser,
        &folder,
        &html,
        r##"
        const told = { lines: N, frames: [] };
        for (const by of [true, false]) {
          byOrder(by);
          for (let width = extent(); width > 30; width /= 5) {
            window_(extent() / 2 - width / 2, extent() / 2 + width / 2);
            drawn = 0;
            paint();
            told.frames.push([Math.round(width), drawn, Math.round(spent * 10) / 10]);
          }
        }
        const began = performance.now();
        type("write"); key("n");
        told.search = performance.now() - began;
        return told;
        "##,
    );
    assert!(told["lines"].as_u64().unwrap() > 290_000, "{told}");
    for frame in told["frames"].as_array().unwrap() {
        // 1,100 pixels wide, seven lanes of a span with two strips and a mark, turns, arrows, the chart and the overview.
        assert!(frame[1].as_u64().unwrap() < 1_100 * 7 * 6, "[lines, drawn, ms]: {told}");
    }
    eprintln!("[lines, drawn, ms]: {told}");
}
