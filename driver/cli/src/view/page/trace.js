"use strict";
// Everything that comes out of the trace reaches the page by textContent or fillText alone.
const D = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const N = D.lane.length;
const KIND = Object.fromEntries(D.kinds.map((name, number) => [name, number]));
const INPUTS = 7; // so many kinds are inputs, and they come first

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
