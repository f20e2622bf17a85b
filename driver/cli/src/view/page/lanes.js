// The lanes: states, marks, and the ways of writes.
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
