"use strict";
// Everything that comes out of the trace reaches the page by textContent or fillText alone.
const D = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const N = D.lane.length;
const KIND = Object.fromEntries(D.kinds.map((name, number) => [name, number]));
const INPUTS = 7; // so many kinds are inputs, and they come first

// ---- what is known of the trace -------------------------------------------------------------------------------------

const textOf = (i) => D.words[D.text[i]];
const nameOf = (i) => D.words[D.called[i]];

// Where each line stands when the clock counts: lines of one millisecond share it, up to where the next begins.
const clock = new Float64Array(N);
for (let i = 0; i < N; ) {
  let j = i;
  while (j < N && D.time[j] === D.time[i]) j++;
  for (let k = i; k < j; k++) clock[k] = D.time[i] + (k - i) / (j - i);
  i = j;
}

// First index of a sorted array whose value is at least x.
function lower(array, x, length = array.length) {
  let low = 0, high = length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (array[mid] < x) low = mid + 1; else high = mid;
  }
  return low;
}

const STATES = {
  idle: "#9aa4b2", lookup: "#c084fc", opening: "#a78bfa", connecting: "#8b5cf6", open: "#22a06b", readOnly: "#0ea5b7",
  writeOnly: "#3b82f6", ending: "#d9a40b", failing: "#ef4444", destroyed: "#b45360", closing: "#a16d5c", closed: "#6b7280",
  resolving: "#c084fc", bound: "#8b5cf6", listening: "#22a06b", draining: "#d9a40b",
};
const READ = { initial: "#9aa4b2", flowing: "#22a06b", paused: "#f59e0b", "by hand": "#0ea5b7", ended: "#3b82f6", over: "#6b7280", destroyed: "#6b7280" };
const WRITE = { open: "#22a06b", writing: "#0ea5b7", "need drain": "#ef4444", corked: "#a78bfa", ending: "#d9a40b", prefinished: "#d9a40b", finished: "#6b7280", errored: "#dc2626", destroyed: "#6b7280" };
const MARKS = {
  command: ["#2563eb", "a call of the user's"], completion: ["#ea8a04", "what the system brings"], emit: ["#111827", "an event"],
  call: ["#a855f7", "a call to the system"], tick: ["#94a3b8", "tick, phase, reply"],
};
const DARK = matchMedia("(prefers-color-scheme: dark)").matches;
if (DARK) MARKS.emit[0] = "#f3f4f6";

function markOf(i) {
  switch (D.kinds[D.kind[i]]) {
    case "command": return "command";
    case "completion": return "completion";
    case "emit": return "emit";
    case "call": return "call";
    default: return "tick";
  }
}

const lanes = D.lanes.map((lane, number) => ({
  ...lane, number, changes: lane.changes.map(([at, changed]) => [at, Object.fromEntries(changed)]), lines: [], marks: [], spans: [], ways: [], from: N, to: 0,
  read: [[], []], sent: [[], []],
}));
for (let i = 0; i < N; i++) {
  const lane = lanes[D.lane[i]];
  lane.lines.push(i);
  if (D.kind[i] !== KIND.return && D.kind[i] !== KIND.idle && D.kind[i] !== KIND.schedule) lane.marks.push(i);
  if (D.bytes[i] && D.kind[i] === KIND.completion) sum(lane.read, i, D.bytes[i]);
  if (D.bytes[i] && D.kind[i] === KIND.call) sum(lane.sent, i, D.bytes[i]);
  lane.from = Math.min(lane.from, i);
  lane.to = i;
}
function sum([at, total], i, bytes) {
  at.push(i);
  total.push((total[total.length - 1] ?? 0) + bytes);
}
const whole = { read: [[], []], sent: [[], []] };
for (let i = 0; i < N; i++) {
  if (!D.bytes[i]) continue;
  if (D.kind[i] === KIND.completion) sum(whole.read, i, D.bytes[i]);
  if (D.kind[i] === KIND.call) sum(whole.sent, i, D.bytes[i]);
}
for (const lane of lanes) {
  let state = null, readable = null, writable = null;
  for (const [at, changed] of lane.changes) {
    state = changed.state ?? state;
    readable = changed.readable ?? readable;
    writable = changed.writable ?? writable;
    const last = lane.spans[lane.spans.length - 1];
    if (last && last.state === state && last.readable === readable && last.writable === writable) continue;
    lane.spans.push({ at, state, readable, writable });
  }
  lane.starts = Float64Array.from(lane.spans, (span) => span.at);
}
for (const way of D.ways) lanes[way[0]].ways.push(way);
for (const lane of lanes) lane.wayStarts = Float64Array.from(lane.ways, (way) => way[1]);

// What a socket is like once line i was taken, and which of it that line changed.
function stateAt(lane, i) {
  const state = {};
  let fresh = {};
  for (const [at, changed] of lane.changes) {
    if (at > i) break;
    Object.assign(state, changed);
    fresh = at === i ? changed : {};
  }
  return [state, fresh];
}

// ---- what is looked at ----------------------------------------------------------------------------------------------

const view = { from: 0, to: Math.max(N, 1), at: 0, top: 0, order: true, found: [], lane: 0 };
const place = (i) => (view.order ? i : clock[i]);
const extent = () => (view.order ? Math.max(N, 1) : (clock[N - 1] ?? 0) + 1);
const lineAt = (x) => Math.min(Math.max(view.order ? Math.floor(x) : lower(clock, x), 0), N);
const LABEL = 150, ROW = 46, TOP = 4;

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
const COLOUR = Object.fromEntries(["back", "panel", "line", "text", "dim", "accent", "hit"].map((name) => [name, css("--" + name)]));

function canvas(id) {
  const element = $(id);
  return { element, context: element.getContext("2d"), width: 0, height: 0 };
}
const C = { overview: canvas("overview"), lanes: canvas("lanes"), chart: canvas("chart") };

function fit(c, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (c.element.width !== w || c.element.height !== h) {
    c.element.width = w;
    c.element.height = h;
  }
  c.element.style.width = width + "px";
  c.element.style.height = height + "px";
  c.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.width = width;
  c.height = height;
}

function resize() {
  const stage = $("stage").getBoundingClientRect();
  fit(C.overview, document.body.clientWidth, 34);
  fit(C.lanes, Math.max(stage.width - 12, 100), Math.max(stage.height - 96, 50));
  fit(C.chart, stage.width, 96);
  $("tall").style.height = lanes.length * ROW + TOP * 2 + "px";
  draw();
}

// ---- drawing: never more than a few things for each pixel -------------------------------------------------------------

let due = false;
let spent = 0;
function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(paint);
}
function paint() {
  due = false;
  const began = performance.now();
  drawChart();
  drawLanes();
  drawOverview();
  spent = performance.now() - began;
}

const plotWidth = () => C.lanes.width - LABEL;
const xOf = (i) => LABEL + ((place(i) - view.from) / (view.to - view.from)) * plotWidth();
const valueAt = (x) => view.from + ((x - LABEL) / plotWidth()) * (view.to - view.from);

// Calls see(k, x) for elements k of a sorted list of lines, at most one for each pixel.
function perPixel(list, see, gap = 1) {
  const last = lower(list, lineAt(view.to) + 1);
  let k = lower(list, lineAt(view.from));
  while (k < last) {
    const x = xOf(list[k]);
    see(k, x);
    const next = lower(list, lineAt(valueAt(x + gap)));
    k = Math.max(k + 1, next);
  }
}

function drawLanes() {
  const { context: g, width, height } = C.lanes;
  g.fillStyle = COLOUR.back;
  g.fillRect(0, 0, width, height);
  drawTurns(g, height);
  const first = Math.max(Math.floor((view.top - TOP) / ROW), 0);
  const last = Math.min(Math.ceil((view.top + height) / ROW), lanes.length);
  g.save();
  g.beginPath();
  g.rect(LABEL, 0, width - LABEL, height);
  g.clip();
  for (let n = first; n < last; n++) drawLane(g, lanes[n], TOP + n * ROW - view.top);
  drawCursor(g, height);
  g.restore();
  for (let n = first; n < last; n++) drawLabel(g, lanes[n], TOP + n * ROW - view.top);
}

function drawTurns(g, height) {
  const from = lineAt(view.from), to = Math.min(lineAt(view.to), N - 1);
  if (N === 0 || to - from > 3000) return;
  const chart = C.chart.context;
  g.strokeStyle = COLOUR.line;
  g.lineWidth = 1;
  chart.fillStyle = COLOUR.dim;
  chart.font = "10px system-ui, sans-serif";
  let lastLabel = -100, lastLine = -100;
  for (let i = Math.max(from, 1); i <= to; i++) {
    if (D.turn[i] === D.turn[i - 1]) continue;
    const x = Math.round(xOf(i)) - 0.5;
    if (x - lastLine < 5) continue;
    lastLine = x;
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, height);
    g.stroke();
    if (x - lastLabel > 44 && (to - from) < 400) {
      chart.fillText("turn " + D.turn[i], x + 3, 11);
      lastLabel = x;
    }
  }
}

function drawLabel(g, lane, y) {
  g.fillStyle = lane.number === view.lane ? COLOUR.panel : COLOUR.back;
  g.fillRect(0, y, LABEL, ROW);
  g.strokeStyle = COLOUR.line;
  g.beginPath();
  g.moveTo(0, y + ROW - 0.5);
  g.lineTo(LABEL, y + ROW - 0.5);
  g.stroke();
  if (lane.number === view.lane) {
    g.fillStyle = COLOUR.accent;
    g.fillRect(0, y, 3, ROW - 1);
  }
  g.fillStyle = COLOUR.text;
  g.font = "600 12.5px system-ui, 'DejaVu Sans', sans-serif";
  g.fillText((lane.server ? "server " : "") + lane.id, 10, y + 20, LABEL - 14);
  g.fillStyle = COLOUR.dim;
  g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  g.fillText(tail(lane.about || (lane.number === 0 ? "time, phases, timers" : ""), 22), 10, y + 35, LABEL - 14);
}

// The end of a path tells more than its beginning.
const tail = (text, most) => (text.length > most ? "\u2026" + text.slice(text.length - most + 1) : text);

function drawLane(g, lane, y) {
  const { width } = C.lanes;
  g.strokeStyle = COLOUR.line;
  g.lineWidth = 1;
  g.beginPath();
  g.moveTo(LABEL, y + ROW - 0.5);
  g.lineTo(width, y + ROW - 0.5);
  g.stroke();
  drawSpans(g, lane, y);
  drawWays(g, lane, y);
  drawMarks(g, lane, y);
}

function drawSpans(g, lane, y) {
  const spans = lane.spans;
  if (spans.length === 0) return;
  const right = C.lanes.width, from = lineAt(view.from);
  let k = Math.max(lower(lane.starts, from + 1) - 1, 0);
  let labelled = -1000, drawn = null;
  g.font = "10.5px system-ui, 'DejaVu Sans', sans-serif";
  while (k < spans.length) {
    const x = Math.max(xOf(spans[k].at), LABEL);
    if (x > right) break;
    // Of those that begin on one pixel the last one lasts.
    k = Math.max(lower(lane.starts, lineAt(valueAt(x + 1))) - 1, k);
    const { state, readable, writable } = spans[k];
    const end = k + 1 < spans.length ? xOf(spans[k + 1].at) : right;
    const w = Math.max(Math.min(end, right) - x, 1);
    if (state !== "released") {
      const colour = STATES[state] ?? "#9aa4b2";
      g.fillStyle = colour + (DARK ? "55" : "38");
      g.fillRect(x, y + 8, w, ROW - 18);
      if (state !== drawn) {
        g.fillStyle = colour;
        g.fillRect(x, y + 8, 2, ROW - 18);
      }
      if (readable) { g.fillStyle = READ[readable] ?? "#9aa4b2"; g.fillRect(x, y + 4, w, 3); }
      if (writable) { g.fillStyle = WRITE[writable] ?? "#9aa4b2"; g.fillRect(x, y + ROW - 9, w, 3); }
      if (state !== drawn && w > 44 && x - labelled > 70) {
        g.fillStyle = COLOUR.dim;
        g.fillText(state, x + 5, y + 18, w - 8);
        labelled = x;
      }
    }
    drawn = state;
    k++;
  }
}

const MIDDLE = 28;

function drawMarks(g, lane, y) {
  const middle = y + MIDDLE;
  const wide = plotWidth() / Math.max(lineAt(view.to) - lineAt(view.from), 1);
  const size = Math.max(Math.min(wide * 0.42, 5.5), 1.6);
  const found = view.foundSet;
  const named = wide > 30;
  g.font = "10px system-ui, 'DejaVu Sans', sans-serif";
  perPixel(lane.marks, (k, x) => {
    const i = lane.marks[k], mark = markOf(i);
    g.fillStyle = MARKS[mark][0];
    g.beginPath();
    switch (mark) {
      case "emit": g.arc(x, middle, size, 0, 7); break;
      case "command": g.moveTo(x, middle - size); g.lineTo(x + size, middle + size); g.lineTo(x - size, middle + size); break;
      case "completion": g.moveTo(x, middle + size); g.lineTo(x + size, middle - size); g.lineTo(x - size, middle - size); break;
      case "call": g.rect(x - size * 0.8, middle - size * 0.8, size * 1.6, size * 1.6); break;
      default: g.rect(x - 0.8, middle - size, 1.6, size * 2);
    }
    g.fill();
    if (found && found.has(i)) ring(g, x, middle, size + 3, COLOUR.hit);
    if (named && mark !== "tick") {
      g.fillStyle = COLOUR.text;
      g.fillText(nameOf(i), x + size + 2, middle + 3, Math.max(wide - size * 2, 10));
    }
  });
}

function ring(g, x, y, radius, colour) {
  g.strokeStyle = colour;
  g.lineWidth = 2;
  g.beginPath();
  g.arc(x, y, radius, 0, 7);
  g.stroke();
}

// Write to the system's word to the callback. With more than a few for each pixel they would be a smear.
function drawWays(g, lane, y) {
  const { ways } = lane;
  if (ways.length === 0) return;
  const from = lineAt(view.from), to = lineAt(view.to);
  let k = lower(lane.wayStarts, from);
  const last = lower(lane.wayStarts, to + 1);
  if (last - k > plotWidth() / 3) return;
  // Those that begin before what is seen and end within.
  for (let back = 0; k > 0 && back < 50; back++) {
    k--;
    if (Math.max(ways[k][2], ways[k][3]) < from) { k++; break; }
  }
  const middle = y + MIDDLE;
  for (; k < last; k++) {
    const [, write, sent, callback] = ways[k];
    if (sent >= 0) arrow(g, xOf(write), xOf(sent), middle, "#0ea5b7");
    if (callback >= 0) arrow(g, xOf(sent >= 0 ? sent : write), xOf(callback), middle, "#d946a6");
  }
}

// An arrow over what lies between.
function arrow(g, from, to, y, colour) {
  const span = to - from;
  if (span < 3) return;
  const rise = Math.min(8 + span * 0.1, 18);
  g.strokeStyle = colour;
  g.fillStyle = colour;
  g.lineWidth = 1.3;
  g.beginPath();
  g.moveTo(from, y - 6);
  g.bezierCurveTo(from, y - 6 - rise, to, y - 6 - rise, to, y - 9);
  g.stroke();
  if (span > 8) {
    g.beginPath();
    g.moveTo(to, y - 5);
    g.lineTo(to - 3, y - 10);
    g.lineTo(to + 3, y - 10);
    g.fill();
  }
}

function drawCursor(g, height) {
  if (N === 0) return;
  const x = Math.round(xOf(view.at)) + 0.5;
  g.strokeStyle = COLOUR.accent;
  g.lineWidth = 1.5;
  g.beginPath();
  g.moveTo(x, 0);
  g.lineTo(x, height);
  g.stroke();
  ring(g, xOf(view.at), TOP + D.lane[view.at] * ROW - view.top + MIDDLE, 8, COLOUR.accent);
}

function amount(bytes) {
  if (bytes < 1000) return bytes + " B";
  if (bytes < 1e6) return (bytes / 1e3).toFixed(1) + " kB";
  if (bytes < 1e9) return (bytes / 1e6).toFixed(1) + " MB";
  return (bytes / 1e9).toFixed(2) + " GB";
}

function drawChart() {
  const { context: g, width, height } = C.chart;
  g.fillStyle = COLOUR.back;
  g.fillRect(0, 0, width, height);
  const lane = view.lane > 0 && !lanes[view.lane].server ? lanes[view.lane] : null;
  const data = lane ?? whole;
  const most = Math.max(data.read[1].at(-1) ?? 0, data.sent[1].at(-1) ?? 0, 1);
  const floor = height - 8, tall = height - 22;
  g.save();
  g.beginPath();
  g.rect(LABEL, 0, plotWidth(), height);
  g.clip();
  const series = [[data.read, "#ea8a04"], [data.sent, "#0ea5b7"]];
  for (const [[at, total], colour] of series) {
    g.strokeStyle = colour;
    g.lineWidth = 1.6;
    g.beginPath();
    const before = lower(at, lineAt(view.from));
    let yOf = floor - ((before > 0 ? total[before - 1] : 0) / most) * tall;
    g.moveTo(LABEL, yOf);
    perPixel(at, (k, x) => {
      g.lineTo(x, yOf);
      yOf = floor - (total[k] / most) * tall;
      g.lineTo(x, yOf);
    });
    g.lineTo(LABEL + plotWidth(), yOf);
    g.stroke();
  }
  if (N > 0) {
    const x = Math.round(xOf(view.at)) + 0.5;
    g.strokeStyle = COLOUR.accent;
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(x, 0);
    g.lineTo(x, height);
    g.stroke();
  }
  g.restore();
  const upTo = ([at, total]) => total[lower(at, view.at + 1) - 1] ?? 0;
  g.fillStyle = COLOUR.text;
  g.font = "600 12px system-ui, 'DejaVu Sans', sans-serif";
  g.fillText("bytes " + (lane ? lane.id : "of all"), 10, 22, LABEL - 14);
  g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
  g.fillStyle = "#ea8a04";
  g.fillText("read " + amount(upTo(data.read)), 10, 42, LABEL - 14);
  g.fillStyle = "#0ea5b7";
  g.fillText("sent " + amount(upTo(data.sent)), 10, 58, LABEL - 14);
  g.fillStyle = COLOUR.dim;
  g.fillText("top " + amount(most), 10, 76, LABEL - 14);
}

// How much happens where, made once for each width.
let density = { width: -1 };
function densityFor(width) {
  if (density.width === width && density.order === view.order) return density;
  const bins = new Float64Array(Math.max(Math.floor(width), 1));
  let most = 1;
  for (let i = 0; i < N; i++) {
    if (D.kind[i] !== KIND.emit && D.kind[i] !== KIND.command) continue;
    const bin = Math.min(Math.floor((place(i) / extent()) * bins.length), bins.length - 1);
    most = Math.max(most, ++bins[bin]);
  }
  return (density = { width, order: view.order, bins, most });
}

function drawOverview() {
  const { context: g, width, height } = C.overview;
  g.fillStyle = COLOUR.panel;
  g.fillRect(0, 0, width, height);
  const { bins, most } = densityFor(width);
  g.fillStyle = COLOUR.dim;
  for (let x = 0; x < bins.length; x++) {
    const h = bins[x] ? 2 + Math.sqrt(bins[x] / most) * (height - 8) : 0;
    g.fillRect(x, height - h, 1, h);
  }
  g.fillStyle = COLOUR.hit;
  let lastX = -1;
  for (const i of view.found) {
    const x = Math.floor((place(i) / extent()) * width);
    if (x !== lastX) g.fillRect(x, 0, 1.5, 7);
    lastX = x;
  }
  const [from, to] = [(view.from / extent()) * width, (view.to / extent()) * width];
  g.fillStyle = COLOUR.accent + "2b";
  g.fillRect(from, 0, Math.max(to - from, 2), height);
  g.strokeStyle = COLOUR.accent;
  g.lineWidth = 1;
  g.strokeRect(from + 0.5, 0.5, Math.max(to - from, 2) - 1, height - 1);
  if (N > 0) g.fillRect((place(view.at) / extent()) * width - 1, 0, 2, height);
}

// ---- the panel ------------------------------------------------------------------------------------------------------

function panel() {
  if (N === 0) {
    $("where").textContent = "an empty trace";
    return;
  }
  const i = view.at, kind = D.kinds[D.kind[i]];
  $("where").textContent = `input ${D.input[i]} \u00b7 turn ${D.turn[i]} \u00b7 ${D.time[i]} ms \u00b7 ${kind}`;
  $("line").textContent = textOf(i) + D.words[D.kept[i]];
  const lane = lanes[view.lane];
  $("whose").textContent = (lane.server ? "server " : lane.number ? "socket " : "") + lane.id + " after this";
  const [state, fresh] = stateAt(lane, i);
  const rows = Object.entries(state).map(([name, value]) => {
    const row = document.createElement("tr");
    if (name in fresh) row.className = "new";
    for (const text of [name, value === null ? "null" : String(value)]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      row.append(cell);
    }
    return row;
  });
  $("state").replaceChildren(...rows);
  const items = [];
  const top = $("around").getBoundingClientRect().top + document.querySelector("aside").scrollTop;
  const room = Math.max(Math.floor((window.innerHeight - top - 60) / 18), 9);
  const from = Math.max(Math.min(i - (room >> 1), N - room), 0);
  for (let k = from; k < Math.min(from + room, N); k++) {
    const item = document.createElement("li");
    item.textContent = (D.kind[k] < INPUTS ? "#" + D.input[k] + " " : "") + textOf(k);
    item.title = item.textContent;
    if (D.kind[k] >= INPUTS) item.classList.add("out");
    if (k > 0 && D.turn[k] !== D.turn[k - 1]) item.classList.add("turn");
    if (k === i) item.classList.add("here");
    item.addEventListener("click", () => go(k));
    items.push(item);
  }
  $("around").replaceChildren(...items);
}

// ---- moving ---------------------------------------------------------------------------------------------------------

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

function window_(from, to) {
  const least = view.order ? 8 : 0.02;
  const width = clamp(to - from, Math.min(least, extent()), extent());
  view.from = clamp(from, 0, extent() - width);
  view.to = view.from + width;
  draw();
}

function zoom(factor, x) {
  const value = valueAt(x);
  window_(value - (value - view.from) * factor, value + (view.to - value) * factor);
}

// To a line; the picture follows if it is not in it.
function go(i, lane) {
  if (N === 0) return;
  view.at = clamp(i, 0, N - 1);
  view.lane = lane ?? D.lane[view.at];
  const p = place(view.at), width = view.to - view.from;
  if (p < view.from || p > view.to - width * 0.02) window_(p - width / 2, p + width / 2);
  const y = TOP + view.lane * ROW, shown = C.lanes.height;
  if (shown > 0 && (y < view.top || y + ROW > view.top + shown)) scrollTo_(y - shown / 2);
  remember();
  panel();
  draw();
}

function scrollTo_(top) {
  view.top = clamp(top, 0, lanes.length * ROW + TOP * 2 - C.lanes.height);
  $("rail").scrollTop = view.top;
}

function turn(step) {
  if (N === 0) return;
  let i = view.at;
  const now = D.turn[i];
  if (step > 0) {
    while (i < N - 1 && D.turn[i] === now) i++;
  } else {
    while (i > 0 && D.turn[i] === now) i--;
    while (i > 0 && D.turn[i - 1] === D.turn[i]) i--;
  }
  go(i);
}

function byOrder(order) {
  if (order === view.order) return;
  const [from, to] = [lineAt(view.from), Math.min(lineAt(view.to), N - 1)];
  const all = view.to - view.from >= extent();
  view.order = order;
  $("mode").textContent = order ? "by order" : "by clock";
  if (all) window_(0, extent());
  else if (N > 0) window_(place(from), Math.max(place(to) + (order ? 1 : 0.01), place(from) + 0.01));
  remember();
}

// ---- searching ------------------------------------------------------------------------------------------------------

function find(text) {
  const wanted = text.toLowerCase();
  view.found = [];
  if (wanted) {
    // Each text stands in many lines: it is looked at once.
    const has = D.words.map((word) => word.toLowerCase().includes(wanted));
    const ids = D.lanes.map((lane) => lane.id.toLowerCase() === wanted);
    for (let i = 0; i < N; i++) if (has[D.text[i]] || has[D.kept[i]] || ids[D.lane[i]]) view.found.push(i);
  }
  view.foundSet = view.found.length ? new Set(view.found) : null;
  said();
  draw();
}

function said() {
  if (!$("find").value) return void ($("found").textContent = "");
  const k = view.found.indexOf(view.at);
  $("found").textContent = view.found.length ? (k >= 0 ? k + 1 + " of " : "") + view.found.length : "not found";
}

function next(step) {
  const { found, at } = view;
  if (found.length === 0) return;
  const k = step > 0 ? lower(found, at + 1) : lower(found, at) - 1;
  go(found[(k + found.length) % found.length]);
  said();
}

// ---- what the address keeps -------------------------------------------------------------------------------------------

function remember() {
  const parts = { at: view.at, from: +view.from.toFixed(2), to: +view.to.toFixed(2), by: view.order ? "order" : "clock", find: $("find").value };
  const text = new URLSearchParams(Object.entries(parts).filter(([, value]) => value !== "")).toString();
  try { history.replaceState(null, "", "#" + text); } catch { /* a page without an address */ }
}

function recall() {
  const parts = new URLSearchParams(location.hash.slice(1));
  if (parts.get("by") === "clock") byOrder(false);
  if (parts.has("from") && parts.has("to")) window_(Number(parts.get("from")) || 0, Number(parts.get("to")) || extent());
  if (parts.has("find")) { $("find").value = parts.get("find"); find(parts.get("find")); }
  go(Number(parts.get("at")) || 0);
}

// ---- hands ----------------------------------------------------------------------------------------------------------

function hands() {
  const stage = C.lanes.element;
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || !event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX)) {
      zoom(Math.exp(clamp(event.deltaY, -200, 200) / 240), event.offsetX);
    } else {
      const width = view.to - view.from, by = ((event.deltaX || event.deltaY) / plotWidth()) * width;
      window_(view.from + by, view.to + by);
    }
  }, { passive: false });
  let held = null;
  stage.addEventListener("pointerdown", (event) => {
    held = { x: event.offsetX, y: event.offsetY, from: view.from, to: view.to, top: view.top, moved: false };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!held) return;
    const dx = event.offsetX - held.x, dy = event.offsetY - held.y;
    if (!held.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    held.moved = true;
    const by = (dx / plotWidth()) * (held.to - held.from);
    scrollTo_(held.top - dy);
    window_(held.from - by, held.to - by);
  });
  stage.addEventListener("pointerup", (event) => {
    const drag = held;
    held = null;
    if (!drag || drag.moved || N === 0) return;
    pick(event.offsetX, event.offsetY);
  });
  $("rail").addEventListener("scroll", () => {
    view.top = $("rail").scrollTop;
    draw();
  });
  const scrub = (event) => {
    const width = view.to - view.from, middle = (event.offsetX / C.overview.width) * extent();
    window_(middle - width / 2, middle + width / 2);
  };
  const overview = C.overview.element;
  overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); scrub(event); });
  overview.addEventListener("pointermove", (event) => { if (event.buttons) scrub(event); });
  $("back").addEventListener("click", () => go(view.at - 1));
  $("forth").addEventListener("click", () => go(view.at + 1));
  $("turn-back").addEventListener("click", () => turn(-1));
  $("turn-forth").addEventListener("click", () => turn(1));
  $("all").addEventListener("click", () => window_(0, extent()));
  $("mode").addEventListener("click", () => byOrder(!view.order));
  $("find").addEventListener("input", (event) => find(event.target.value));
  $("find").addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
    if (event.key === "Escape") event.target.blur();
  });
  document.addEventListener("keydown", keys);
  window.addEventListener("resize", resize);
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowLeft: () => (event.shiftKey ? turn(-1) : go(view.at - 1)),
    ArrowRight: () => (event.shiftKey ? turn(1) : go(view.at + 1)),
    ArrowUp: () => beside(-1),
    ArrowDown: () => beside(1),
    Home: () => go(0),
    End: () => go(N - 1),
    "+": () => zoom(0.7, xOf(view.at)),
    "=": () => zoom(0.7, xOf(view.at)),
    "-": () => zoom(1.4, xOf(view.at)),
    0: () => window_(0, extent()),
    t: () => byOrder(!view.order),
    n: () => next(1),
    N: () => next(-1),
    "/": () => $("find").focus(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

// The line of a lane that is nearest to a place.
function pick(x, y) {
  const number = clamp(Math.floor((y + view.top - TOP) / ROW), 0, lanes.length - 1);
  const { lines } = lanes[number];
  if (x < LABEL) return go(view.at, number);
  const k = lower(lines, lineAt(valueAt(x)));
  const near = [lines[k - 1], lines[k]].filter((i) => i !== undefined);
  near.sort((a, b) => Math.abs(xOf(a) - x) - Math.abs(xOf(b) - x));
  if (near.length) go(near[0], number);
}

// The socket above or below, at the same moment.
function beside(step) {
  go(view.at, clamp(view.lane + step, 0, lanes.length - 1));
}

// ---- begin ----------------------------------------------------------------------------------------------------------

function legend() {
  const seen = new Set(lanes.flatMap((lane) => lane.spans.map((span) => span.state)));
  const put = (colour, text, round) => {
    const item = document.createElement("span"), box = document.createElement("i");
    box.style.background = colour;
    if (round) box.style.borderRadius = "50%";
    item.append(box, text);
    $("legend").append(item);
  };
  for (const [state, colour] of Object.entries(STATES)) if (seen.has(state)) put(colour, state);
  for (const [colour, text] of Object.values(MARKS)) put(colour, text, true);
  put("#0ea5b7", "write \u2192 sent");
  put("#d946a6", "sent \u2192 callback");
  const hint = document.createElement("span");
  hint.textContent = "upper strip: how it is read; lower strip: how it is written to";
  $("legend").append(hint);
}

// A trace may say any number; a date ends in the year 275760.
function date(ms) {
  const at = new Date(ms);
  return Number.isNaN(at.getTime()) ? "no date" : at.toISOString();
}

document.title = D.head.name + " - netfold";
$("name").textContent = D.head.name;
const when = D.head.created ? ", " + date(D.head.created).replace("T", " ").slice(0, 19) + " UTC" : "";
$("facts").textContent = `${D.head.inputs} inputs, ${N} lines, ${D.turn[N - 1] ?? 0} turns, ${D.time[N - 1] ?? 0} ms${when}`;
$("end").textContent = D.head.end;
legend();
hands();
resize();
recall();
