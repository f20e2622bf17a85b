// Moving: to a line, a turn, a place; by order or by the clock.
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
