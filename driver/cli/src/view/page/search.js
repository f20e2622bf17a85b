// Searching, and what the page's address keeps.
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
