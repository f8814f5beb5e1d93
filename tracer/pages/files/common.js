"use strict";
/* What all pages share. Text of logs only ever becomes text nodes. */
const DATA = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);

/** An element with attributes (class, text, on…) and children. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Where a text has a pattern: [[start, end], …], case ignored. */
function hits(text, needle) {
  const found = [];
  if (!needle) return found;
  const folded = text.toLowerCase();
  /* Letters whose lower case is longer would shift the places. */
  if (folded.length !== text.length) return found;
  for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + needle.length))
    found.push([at, at + needle.length]);
  return found;
}

/** Text nodes with the spans of changes (class) and of search hits marked. */
function marked(text, spans, kind, needle) {
  const found = hits(text, needle);
  const cuts = new Set([0, text.length]);
  for (const [a, b] of [...spans, ...found]) { cuts.add(a); cuts.add(b); }
  const places = [...cuts].filter((c) => c >= 0 && c <= text.length).sort((a, b) => a - b);
  const out = document.createDocumentFragment();
  for (let i = 0; i + 1 < places.length; i++) {
    const [a, b] = [places[i], places[i + 1]];
    let node = document.createTextNode(text.slice(a, b));
    if (found.some(([s, e]) => s <= a && b <= e)) node = el("mark", {}, node);
    if (spans.some(([s, e]) => s <= a && b <= e)) node = el("span", {class: kind}, node);
    out.append(node);
  }
  return out;
}

function debounced(action, delay = 120) {
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(action, delay); };
}

function plural(n, word) { return `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`; }

function option(value, text) { return el("option", {value, text}); }

$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.dispatchEvent(new Event("themechange"));
});
