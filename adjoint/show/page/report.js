"use strict";
const { steps, lines } = JSON.parse(document.getElementById("data").textContent);
const row = name => document.getElementById("row-" + name);
const node = name => document.getElementById("node-" + name);
const all = selector => [...document.querySelectorAll(selector)];
const VALUE = 4, BAR = 6;

// what belongs to one line of the function: its generated lines, rows and nodes
function belonging(line) {
  const text = all("[data-of]").filter(e => e.dataset.of.split(" ").includes(String(line)));
  const names = Object.keys(lines).filter(name => lines[name] === Number(line));
  return [...text, ...names.flatMap(name => [row(name), node(name)]).filter(Boolean)];
}
function light(of) {
  all(".lit").forEach(e => e.classList.remove("lit"));
  of.forEach(line => belonging(line).forEach(e => e.classList.add("lit")));
}
const linked = [
  ...all("[data-of]").map(e => [e, e.dataset.of.split(" ")]),
  ...Object.entries(lines).flatMap(([name, line]) => [[row(name), [line]], [node(name), [line]]]),
].filter(([e]) => e);
for (const [element, of] of linked)
  for (const [event, to] of [["mouseenter", of], ["focus", of], ["mouseleave", []], ["blur", []]])
    element.addEventListener(event, () => light(to));

// the stepper: at step k the values and cotangents are those after the first k + 1 steps
let at = steps.length - 1, timer = null;
function show(k) {
  at = Math.max(0, Math.min(steps.length - 1, k));
  const value = {}, bar = {};
  for (const s of steps.slice(0, at + 1)) (s.sweep === "forward" ? value : bar)[s.step] = s.text;
  for (const name of new Set(steps.map(s => s.step))) {
    const cells = row(name).cells;
    cells[VALUE].textContent = value[name] ?? "";
    cells[BAR].textContent = bar[name] ?? "";
    const picture = node(name);
    if (picture) {
      picture.querySelector(".value").classList.toggle("future", !(name in value));
      const cotangent = picture.querySelector(".bar");
      cotangent.classList.toggle("future", !(name in bar));
      if (name in bar) cotangent.textContent = bar[name];
    }
  }
  all(".now").forEach(e => e.classList.remove("now"));
  const step = steps[at];
  [row(step.step), node(step.step)].filter(Boolean).forEach(e => e.classList.add("now"));
  document.getElementById("says").textContent = `${at + 1}/${steps.length} ${step.sweep}: ${step.says}`;
}
function stop() { clearInterval(timer); timer = null; document.getElementById("play").textContent = "play"; }
function play() {
  if (timer !== null) return stop();
  if (at === steps.length - 1) show(0);
  document.getElementById("play").textContent = "stop";
  timer = setInterval(() => at < steps.length - 1 ? show(at + 1) : stop(), 700);
}
const ways = { first: () => show(0), back: () => show(at - 1), play, next: () => show(at + 1), last: () => show(steps.length - 1) };
for (const [id, way] of Object.entries(ways)) document.getElementById(id).addEventListener("click", way);
const keys = { Home: "first", ArrowLeft: "back", " ": "play", ArrowRight: "next", End: "last" };
document.addEventListener("keydown", event => {
  if (!(event.key in keys) || (event.key === " " && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  ways[keys[event.key]]();
});
const asked = /^#step=(\d+)$/.exec(location.hash);
if (steps.length) show(asked ? Number(asked[1]) : steps.length - 1);
