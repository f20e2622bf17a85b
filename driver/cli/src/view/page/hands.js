// Mouse and keyboard.
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
