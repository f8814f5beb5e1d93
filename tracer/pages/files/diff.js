/* The page of a diff. A row of the data:
   [difference or 0, name, old line, new line, old text, new text or 0 (the same), spans];
   -1 as difference: rows that were left out, their number as second. */
const KINDS = ["changed", "added", "removed", "moved", "block"];
const CHUNK = 300, UNFOLD = 1000, FOLD_LEAST = 4;
const kinds = new Set(KINDS);
const state = {search: "", process: "", call: "", unfolded: false, current: 0};
const sections = [];        // of the processes shown
const newText = (row) => row[5] === 0 ? row[4] : row[5];

function wanted(row) {
  if (row[0] > 0 && !kinds.has(DATA.differences[row[0] - 1].kind)) return false;
  if (state.call && DATA.names[row[1]] !== state.call) return false;
  if (!state.search) return true;
  return [row[4], newText(row)].some((t) => t && t.toLowerCase().includes(state.search));
}

/** What of a process is shown: indices of rows, [from, to] of folds, -1 for gaps. */
function plan(rows) {
  const items = [];
  const filtered = state.search || state.call || kinds.size < KINDS.length;
  if (filtered) {
    /* Equal rows are shown only where something is looked for. */
    const equal = state.search || state.call;
    let last = -1;
    rows.forEach((row, i) => {
      if (row[0] < 0 || !wanted(row) || !(row[0] || equal)) return;
      if (last >= 0 && last !== i - 1) items.push(-1);
      items.push(i);
      last = i;
    });
    return items;
  }
  if (state.unfolded) return rows.map((_, i) => i);
  const keep = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    if (row[0] > 0) keep.fill(1, Math.max(0, i - DATA.context), i + DATA.context + 1);
    else if (row[0] < 0) keep[i] = 1;
  });
  for (let i = 0; i < rows.length;) {
    if (keep[i]) { items.push(i++); continue; }
    let end = i;
    while (end < rows.length && !keep[end]) end++;
    if (end - i < FOLD_LEAST) while (i < end) items.push(i++);
    else items.push([i, end]);
    i = end;
  }
  return items;
}

function cell(side, line, text, spans) {
  if (text === null) return el("div", {class: `cell ${side} none`});
  const kind = side === "old" ? "was" : "now";
  return el("div", {class: `cell ${side}`}, el("span", {class: "no", text: line}),
    el("span", {class: "tx"}, marked(text, spans, kind, state.search)));
}

function rowNode(row) {
  const difference = row[0] > 0 ? DATA.differences[row[0] - 1] : null;
  const spans = row[6] || [[], []];
  return el("div", {class: difference ? `row differs ${difference.kind}` : "row"},
    cell("old", row[2], row[4], spans[0]), cell("new", row[3], newText(row), spans[1]));
}

function whatNode(number, row) {
  const difference = DATA.differences[number - 1];
  const node = el("div", {class: `what ${difference.kind}`, "data-number": number},
    el("span", {class: "label", text: difference.kind}),
    el("span", {class: "number", text: `#${number}`}),
    el("span", {class: "title"}, marked(difference.title, [], "", state.search)));
  if (difference.kind === "moved") {
    /* The same difference stands at both places. */
    const text = row[4] === null ? `from line ${difference.old}` : `to line ${difference.new}`;
    const side = row[4] === null ? "old" : "new";
    node.append(el("button", {type: "button", class: "other", text: `${text} ${side === "old" ? "↖" : "↘"}`,
      onclick: () => show(number, side)}));
    node.dataset.side = row[4] === null ? "new" : "old";
  }
  if (number === state.current) node.classList.add("current");
  return node;
}

class Section {
  constructor(process, index) {
    this.process = process;
    this.index = index;
    this.rows = el("div", {class: "rows"});
    this.count = el("small");
    const summary = el("summary", {}, el("span", {text: process.title}), this.count);
    this.node = el("details", {class: "panel process", "data-label": process.label}, summary,
      el("div", {class: "sides"}, el("div", {text: DATA.old.name}), el("div", {text: DATA.new.name})),
      this.rows);
    this.node.open = true;
    this.more = el("button", {type: "button", class: "fold more", onclick: () => this.render()});
    this.watcher = new IntersectionObserver((entries) => {
      if (entries.some((e) => e.isIntersecting)) this.render();
    }, {rootMargin: "600px"});
  }

  update() {
    const hide = state.process && state.process !== this.process.label;
    this.items = hide ? [] : plan(this.process.rows);
    this.shown = new Set();
    this.equal = 0;
    for (const item of this.items) {
      if (typeof item !== "number" || item < 0) continue;
      const number = this.process.rows[item][0];
      if (number > 0) this.shown.add(number); else if (number === 0) this.equal++;
    }
    const filtered = state.search || state.call || kinds.size < KINDS.length;
    this.node.hidden = Boolean(hide || (filtered && !this.items.length));
    this.count.textContent = this.process.differences
      ? plural(this.process.differences, "difference") : "no differences";
    this.rows.replaceChildren();
    this.at = 0;
    this.last = 0;
    this.render();
  }

  /** The next items, up to a chunk of them or to an item. */
  render(until = this.at + CHUNK) {
    this.watcher.disconnect();
    this.more.remove();
    const out = document.createDocumentFragment();
    for (; this.at < this.items.length && this.at < until; this.at++) {
      const item = this.items[this.at];
      if (Array.isArray(item)) { out.append(this.fold(item)); this.last = 0; continue; }
      if (item < 0) { out.append(el("div", {class: "skip", text: "⋯"})); this.last = 0; continue; }
      const row = this.process.rows[item];
      if (row[0] < 0) {
        out.append(el("div", {class: "skip", text: `${plural(row[1], "equal line")} left out`}));
        this.last = 0;
        continue;
      }
      if (row[0] > 0 && row[0] !== this.last) out.append(whatNode(row[0], row));
      this.last = row[0];
      out.append(rowNode(row));
    }
    if (this.at < this.items.length) {
      this.more.textContent = `⋯ ${plural(this.items.length - this.at, "more row")}`;
      out.append(this.more);
      this.watcher.observe(this.more);
    }
    this.rows.append(out);
  }

  fold([from, to]) {
    const button = el("button", {type: "button", class: "fold", "aria-expanded": "false",
      text: `⋯ ${plural(to - from, "equal line")}`});
    button.addEventListener("click", () => {
      const end = Math.min(from + UNFOLD, to);
      const out = document.createDocumentFragment();
      for (let i = from; i < end; i++) out.append(rowNode(this.process.rows[i]));
      if (end < to) out.append(this.fold([end, to]));
      button.replaceWith(out);
    });
    return button;
  }
}

function update() {
  for (const section of sections) section.update();
  const shown = new Set(sections.flatMap((s) => s.node.hidden ? [] : [...s.shown]));
  const equal = sections.reduce((n, s) => n + (s.node.hidden ? 0 : s.equal), 0);
  let text = `${shown.size.toLocaleString("en")} of ${plural(DATA.differences.length, "difference")}`;
  if (state.search || state.call) text += `, ${plural(equal, "equal line")}`;
  $("count").textContent = text;
  $("next").disabled = $("previous").disabled = !shown.size;
}

/** Go to the next or previous difference that is shown. */
function go(step) {
  const all = sections.filter((s) => !s.node.hidden).flatMap((s) =>
    [...s.shown].map((number) => [number, s]));
  if (!all.length) return;
  let i = all.findIndex(([number]) => number === state.current);
  i = i < 0 ? (step > 0 ? 0 : all.length - 1) : (i + step + all.length) % all.length;
  show(all[i][0], "");
}

/** Bring a difference into sight; side: of the two places of a moved one. */
function show(number, side) {
  const section = sections.find((s) => !s.node.hidden && s.shown.has(number));
  if (!section) return;
  state.current = number;
  section.node.open = true;
  const column = side === "old" ? 4 : 5;
  const item = section.items.findIndex((it) => typeof it === "number" && it >= 0
    && section.process.rows[it][0] === number
    && (!side || section.process.rows[it][column] !== null));
  if (item >= section.at) section.render(item + CHUNK);
  document.querySelectorAll(".what.current").forEach((n) => n.classList.remove("current"));
  const node = section.rows.querySelector(
    `.what[data-number="${number}"]${side ? `[data-side="${side}"]` : ""}`);
  node.classList.add("current");
  node.scrollIntoView({block: "center"});
}

$("title").append(DATA.old.name, el("span", {class: "arrow", text: "→"}), DATA.new.name);
$("meta").textContent = DATA.meta;
for (const note of DATA.notes) $("notes").append(el("p", {class: "notice", text: note}));
if (!DATA.differences.length)
  $("notes").append(el("p", {class: "good", text: "No differences: both logs say the same."}));

for (const kind of KINDS) {
  const n = DATA.differences.filter((d) => d.kind === kind).length;
  const chip = el("button", {type: "button", class: `chip ${kind}`, "aria-pressed": "true",
    "data-kind": kind, title: `Show or hide what was ${kind === "block" ? "added or removed as a block" : kind}`},
    el("b", {text: n}), kind);
  chip.hidden = !n;
  chip.addEventListener("click", () => {
    if (!kinds.delete(kind)) kinds.add(kind);
    chip.setAttribute("aria-pressed", kinds.has(kind));
    update();
  });
  $("kinds").append(chip);
}
$("process").append(option("", "All processes"),
  ...DATA.processes.map((p) => option(p.label, p.title)));
$("call").append(option("", "All calls"), ...[...DATA.names].sort().map((n) => option(n, n)));
$("process").addEventListener("change", () => { state.process = $("process").value; update(); });
$("call").addEventListener("change", () => { state.call = $("call").value; update(); });
$("search").addEventListener("input", debounced(() => {
  state.search = $("search").value.toLowerCase();
  update();
}));
$("folds").addEventListener("click", () => {
  state.unfolded = !state.unfolded;
  $("folds").setAttribute("aria-pressed", state.unfolded);
  $("folds").textContent = state.unfolded ? "Fold equal lines" : "Unfold all";
  update();
});
$("next").addEventListener("click", () => go(1));
$("previous").addEventListener("click", () => go(-1));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && event.target === $("search")) $("search").blur();
  else if (typing) return;
  else if (event.key === "/") { event.preventDefault(); $("search").focus(); }
  else if (event.key === "n") go(1);
  else if (event.key === "p") go(-1);
});

DATA.processes.forEach((process, i) => {
  const section = new Section(process, i);
  sections.push(section);
  $("processes").append(section.node);
});
update();
document.documentElement.dataset.ready = "yes";
