"use strict";
const { steps, lines } = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const row = name => $("row-" + name);
const node = name => $("node-" + name);
const all = selector => [...document.querySelectorAll(selector)];
const VALUE = 4, BAR = 6, ADDED = 7, MOST_ADDED = 4, MOST = 30; // columns of the table, and what they and a node hold

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
  const value = {}, bar = {}, added = {};
  for (const s of steps.slice(0, at + 1)) {
    (s.sweep === "forward" ? value : bar)[s.step] = s.text;
    if (s.sweep === "reverse") (added[s.step] ??= []).push(s.added);
  }
  for (const name of new Set(steps.map(s => s.step))) {
    const cells = row(name).cells, so_far = added[name] ?? [], more = so_far.length - MOST_ADDED;
    cells[VALUE].textContent = value[name] ?? "";
    cells[BAR].textContent = bar[name] ?? "";
    cells[ADDED].textContent = [...so_far.slice(0, MOST_ADDED), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
    const picture = node(name);
    if (picture) {
      picture.querySelector(".value").classList.toggle("future", !(name in value));
      const cotangent = picture.querySelector(".bar");
      cotangent.classList.toggle("future", !(name in bar));
      if (name in bar) cotangent.textContent = bar[name].length > MOST ? bar[name].slice(0, MOST - 1) + "…" : bar[name];
    }
  }
  all(".now").forEach(e => e.classList.remove("now"));
  const step = steps[at], line = lines[step.step];
  const edges = all(".edge").filter(e => step.sweep === "reverse" && e.dataset.edge === `${step.step}-${step.from}`);
  const source = line === undefined ? [] : all(`#source [data-of="${line}"]`);
  const textbook = step.line ? [$("textbook").children[step.line - 1]] : [];
  [row(step.step), node(step.step), ...edges, ...source, ...textbook].filter(Boolean).forEach(e => e.classList.add("now"));
  into($("graph"), node(step.step), "Left", "width");
  if (textbook.length) into($("textbook"), textbook[0], "Top", "height");
  $("slider").value = at;
  $("says").textContent = `${at + 1}/${steps.length} ${step.sweep}: ${step.says}`;
}
// scroll a box, and not the page, to where an element is seen
function into(box, element, side, size) {
  if (!element) return;
  const inner = element.getBoundingClientRect(), outer = box.getBoundingClientRect();
  const from = inner[side.toLowerCase()] - outer[side.toLowerCase()];
  if (from < 0 || from + inner[size] > outer[size]) box["scroll" + side] += from - outer[size] / 3;
}
function stop() { clearInterval(timer); timer = null; $("play").textContent = "play"; }
function play() {
  if (timer !== null) return stop();
  if (at === steps.length - 1) show(0);
  $("play").textContent = "stop";
  timer = setInterval(() => at < steps.length - 1 ? show(at + 1) : stop(), 700);
}
const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)");
function follow() { root.className = system.matches ? "dark" : "light"; }
function theme() { root.className = root.className === "dark" ? "light" : "dark"; }
function tab(textbook) {
  $("textbook").hidden = !textbook;
  $("generated").hidden = textbook;
  $("tab-textbook").setAttribute("aria-pressed", textbook);
  $("tab-generated").setAttribute("aria-pressed", !textbook);
}
const ways = {
  first: () => show(0), back: () => show(at - 1), play, next: () => show(at + 1), last: () => show(steps.length - 1), theme,
  "tab-textbook": () => tab(true), "tab-generated": () => tab(false), other: () => tab($("textbook").hidden),
};
for (const [id, way] of Object.entries(ways)) $(id)?.addEventListener("click", way);
$("slider").max = steps.length - 1;
$("slider").addEventListener("input", () => show(Number($("slider").value)));
const keys = { Home: "first", ArrowLeft: "back", " ": "play", ArrowRight: "next", End: "last", t: "theme", x: "other" };
document.addEventListener("keydown", event => {
  if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.tagName === "BUTTON") return;
  event.preventDefault();
  ways[keys[event.key]]();
});
const asked = new URLSearchParams(location.hash.slice(1)); // #step=3&theme=dark&form=textbook
follow();
system.addEventListener("change", follow);
if (asked.has("theme")) root.className = asked.get("theme");
tab(asked.has("form") ? asked.get("form") === "textbook" : steps.some(s => s.line));
if (steps.length) show(asked.has("step") ? Number(asked.get("step")) : steps.length - 1);
