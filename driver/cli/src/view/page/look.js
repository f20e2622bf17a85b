// What is looked at, and the canvases that it is drawn on.
const view = { from: 0, to: Math.max(N, 1), at: 0, top: 0, order: true, found: [], lane: 0 };
const place = (i) => (view.order ? i : clock[i]);
const extent = () => (view.order ? Math.max(N, 1) : (clock[N - 1] ?? 0) + 1);
const lineAt = (x) => Math.min(Math.max(view.order ? Math.floor(x) : lower(clock, x), 0), N);
const LABEL = 150, ROW = 46, TOP = 4;

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

// Never more than a few things are drawn for each pixel.
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
