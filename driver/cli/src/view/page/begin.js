// Last of all parts.
document.title = D.head.name + " - netfold";
$("name").textContent = D.head.name;
const when = D.head.created ? ", " + date(D.head.created).replace("T", " ").slice(0, 19) + " UTC" : "";
$("facts").textContent = `${D.head.inputs} inputs, ${N} lines, ${D.turn[N - 1] ?? 0} turns, ${D.time[N - 1] ?? 0} ms${when}`;
$("end").textContent = D.head.end;
legend();
hands();
resize();
recall();
