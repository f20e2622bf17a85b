// Beside the picture: the line, the state after it, the lines around it; below it the legend.
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
