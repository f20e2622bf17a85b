// What has which colour.
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

function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
const COLOUR = Object.fromEntries(["back", "panel", "line", "text", "dim", "accent", "hit"].map((name) => [name, css("--" + name)]));
