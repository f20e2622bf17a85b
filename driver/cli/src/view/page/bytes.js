// The bytes over time, and the strip of the whole trace.
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
