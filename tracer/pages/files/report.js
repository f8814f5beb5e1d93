/* The page of one log. Events are columns: kind, line, start, duration, task, name_of, error,
   text; tasks rows: [pid, parent's index, name, thread, start, end, how it ended, calls, errors]. */
const ROW = 22, LANE = 22;
const N = DATA.text.length;
const [CALL, SIGNAL, EXIT] = [0, 1, 2];
const state = {search: "", task: -1, call: "", failed: false, range: null, picked: -1};
const END = Math.max(1, DATA.start.reduce((end, start, i) =>
  Math.max(end, start + Math.max(0, DATA.duration[i])), 0));
const view = {from: 0, to: END};
let shown = [];             // indices of the events that are listed
document.body.classList.toggle("untimed", !DATA.timed);
document.body.classList.toggle("nodurations", !DATA.durations);

function time(ns) {
  if (!DATA.timed) return `${Math.round(ns).toLocaleString("en")}`;
  if (ns === 0) return "0 s";
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(6)} s` : ns >= 1e6 ? `${(ns / 1e6).toFixed(3)} ms`
    : `${(ns / 1e3).toFixed(ns < 1e4 ? 3 : 1)} µs`;
}
function took(ns) {
  return ns < 0 ? "" : ns >= 1e9 ? `${(ns / 1e9).toFixed(2)} s` : ns >= 1e6 ? `${(ns / 1e6).toFixed(1)} ms` : `${(ns / 1e3).toFixed(ns < 1e4 ? 1 : 0)} µs`;
}
function bytes(n) {
  if (!n) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) { n /= 1024; i++; }
  return `${i ? n.toFixed(1) : n} ${units[i]}`;
}
function taskName(i, short = false) {
  const [pid, , name] = DATA.tasks[i];
  const base = name.split("/").pop();
  return pid === 0 ? (base || "the process") : short ? String(pid) : `${pid}${base ? " " + base : ""}`;
}

/* Kinds of calls by what they are about, for colours. */
const GROUPS = [
  ["files", "#2f74c0", "#6aa9f0", /^(open|openat|openat2|creat|close|read|write|readv|writev|pread|pwrite|lseek|_llseek|stat|fstat|lstat|newfstat|statx|access|faccess|rename|unlink|link|symlink|readlink|mkdir|rmdir|chdir|fchdir|getcwd|getdents|dup|fcntl|ftruncate|truncate|chmod|fchmod|chown|fchown|sendfile|copy_file|fsync|fdatasync|utime|pipe|splice|tee|ioctl|mknod|statfs|fstatfs|umask|mount|umount)/],
  ["memory", "#7a55b5", "#b898ee", /^(mmap|munmap|mprotect|mremap|brk|madvise|mlock|munlock|msync|mincore|membarrier|shm|pkey)/],
  ["processes", "#2b8a4b", "#6fcf8f", /^(fork|vfork|clone|exec|exit|wait|kill|tkill|tgkill|get.*id|set.*id|prctl|arch_prctl|set_tid|set_robust|sched_|futex|rt_sig|sig|pause|alarm|personality|rseq|prlimit|getrlimit|setrlimit|set_thread|set_tls)/],
  ["network", "#b25a13", "#f0a35e", /^(socket|bind|listen|accept|connect|send|recv|shutdown|getsock|setsock|getpeer|poll|ppoll|select|pselect|_newselect|epoll|eventfd)/],
  ["other", "#65717f", "#97a4b3", /./],
];
const groupOf = DATA.names.map((name) => GROUPS.findIndex(([, , , re]) => re.test(name || "?")));

function matches(i) {
  if (state.task >= 0 && DATA.task[i] !== state.task) return false;
  if (state.call && DATA.names[DATA.name_of[i]] !== state.call) return false;
  if (state.failed && !DATA.error[i]) return false;
  if (state.range) {
    const end = DATA.start[i] + Math.max(0, DATA.duration[i]);
    if (end < state.range[0] || DATA.start[i] > state.range[1]) return false;
  }
  return !state.search || DATA.text[i].toLowerCase().includes(state.search);
}

/* -- the list of events: only the rows in sight are elements ------------------------------- */

let listed = [];            // what the list was made of
function listRows() {
  const list = $("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 8);
  const now = [first, last, shown, state.picked, state.search];
  if (now.every((each, i) => each === listed[i])) return;
  listed = now;
  const out = document.createDocumentFragment();
  for (let k = first; k < last; k++) out.append(eventNode(shown[k]));
  $("visible").style.transform = `translateY(${first * ROW}px)`;
  $("visible").replaceChildren(out);
}
function eventNode(i) {
  const kind = DATA.error[i] ? "failed" : DATA.kind[i] === SIGNAL ? "signal" : DATA.kind[i] === EXIT ? "exit" : "";
  const node = el("div", {class: `event ${kind}${i === state.picked ? " on" : ""}`, role: "option",
    "data-event": i, onclick: () => pick(i)},
    el("span", {class: "no", text: DATA.line[i], title: `line ${DATA.line[i]}`}),
    el("span", {class: "time", text: time(DATA.start[i])}),
    el("span", {class: "took", text: took(DATA.duration[i])}),
    el("span", {class: "who", text: taskName(DATA.task[i], true)}),
    el("span", {class: "what"}, marked(DATA.text[i].slice(0, 400), [], "", state.search)));
  return node;
}
function pick(i) {
  state.picked = i;
  const detail = $("detail");
  detail.hidden = i < 0;
  if (i >= 0) {
    const facts = [`line ${DATA.line[i]}`, taskName(DATA.task[i])];
    if (DATA.timed) facts.push(`at ${time(DATA.start[i])}`);
    if (DATA.duration[i] >= 0) facts.push(`took ${took(DATA.duration[i])}`);
    detail.replaceChildren(el("div", {class: "soft", text: facts.join(" · ")}),
      el("div", {}, marked(DATA.text[i], [], "", state.search)));
  }
  listRows();
  draw();
}
function reveal(i) {
  const k = shown.indexOf(i);
  if (k < 0) return;
  const list = $("list");
  if (k * ROW < list.scrollTop || (k + 1) * ROW > list.scrollTop + list.clientHeight)
    list.scrollTop = Math.max(0, k * ROW - list.clientHeight / 2);
  pick(i);
}

/* -- the timeline ----------------------------------------------------------------------------- */

const lanes = [];           // tasks in the order of the tree
(function order(parent, depth) {
  DATA.tasks.forEach((task, i) => {
    if (task[1] === parent && depth < 64) { lanes.push(i); order(i, depth + 1); }
  });
})(null, 0);
DATA.tasks.forEach((_, i) => { if (!lanes.includes(i)) lanes.push(i); });
const laneOf = new Map(lanes.map((task, lane) => [task, lane]));
const boxes = [];           // for each lane, its events by start

lanes.forEach(() => boxes.push([]));
for (let i = 0; i < N; i++) boxes[laneOf.get(DATA.task[i])].push(i);

function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function isDark() { return colour("--bg").startsWith("#1"); }

function draw() {
  const canvas = $("canvas"), width = $("plot").clientWidth, height = Math.max(1, lanes.length) * LANE;
  if (!width) return;
  const scale = Math.min(devicePixelRatio || 1, 2);
  const tall = Math.min(height, 16000);           // more than that is more than a canvas takes
  canvas.width = width * scale; canvas.height = tall * scale; canvas.style.height = `${tall}px`;
  const c = canvas.getContext("2d");
  c.scale(scale, scale);
  const dark = isDark(), span = view.to - view.from;
  const colours = GROUPS.map(([, light, night]) => dark ? night : light);
  const [line, faint, bad, move, accent] = ["--line", "--faint", "--del", "--move", "--accent"].map(colour);
  const chosen = shown.length < N ? new Uint8Array(N) : null;
  if (chosen) for (const i of shown) chosen[i] = 1;
  const x = (t) => (t - view.from) / span * width;
  lanes.forEach((task, lane) => {
    const y = lane * LANE;
    if (y > tall) return;
    c.fillStyle = faint;
    const [, , , , start, end] = DATA.tasks[task];
    const left = Math.max(0, x(start)), right = Math.min(width, x(end === null ? END : end));
    if (right > left) c.fillRect(left, y + 9, right - left, 4);
    let free = -1, strong = false;
    for (const i of boxes[lane]) {
      const a = x(DATA.start[i]), size = Math.max(0, DATA.duration[i]);
      const b = DATA.timed ? x(DATA.start[i] + size) : a + Math.max(1, width / span - 1);
      const on = !chosen || chosen[i];
      if (b < 0 || a > width) continue;
      /* Of events on the same pixel the first is drawn, unless a later one matters more. */
      const matters = on && (DATA.error[i] || DATA.kind[i] !== CALL);
      if (b <= free && !(matters && !strong)) continue;
      free = Math.max(free, Math.max(b, a + 1)); strong = Boolean(matters);
      c.globalAlpha = on ? 1 : .16;
      c.fillStyle = DATA.kind[i] === SIGNAL ? move : DATA.kind[i] === EXIT ? line : colours[groupOf[DATA.name_of[i]]];
      c.fillRect(Math.max(a, 0), y + 4, Math.max(1.5, Math.min(b, width) - Math.max(a, 0)), 14);
      if (DATA.error[i]) { c.fillStyle = bad; c.fillRect(Math.max(a, 0), y + 16, Math.max(2, Math.min(b, width) - Math.max(a, 0)), 3); }
      if (i === state.picked) { c.strokeStyle = accent; c.lineWidth = 2; c.strokeRect(a - 1, y + 3, Math.max(3, b - a + 2), 16); }
    }
    c.globalAlpha = 1;
    c.fillStyle = faint;
    c.fillRect(0, y + LANE - 1, width, 1);
  });
  $("from").textContent = DATA.timed ? time(view.from) : `event ${Math.round(view.from) + 1}`;
  $("to").textContent = DATA.timed ? time(view.to) : `event ${Math.min(N, Math.round(view.to) + 1)}`;
  const selection = $("selection");
  selection.hidden = !state.range;
  if (state.range) {
    const a = Math.max(0, x(state.range[0])), b = Math.min(width, x(state.range[1]));
    selection.style.left = `${a}px`;
    selection.style.width = `${Math.max(1, b - a)}px`;
  }
}
function at(event) {
  const box = $("canvas").getBoundingClientRect();
  const t = view.from + (event.clientX - box.left) / box.width * (view.to - view.from);
  const lane = Math.floor((event.clientY - box.top) / LANE);
  if (lane < 0 || lane >= lanes.length) return [t, -1];
  const near = (view.to - view.from) / box.width * 3;
  let best = -1, gap = near;
  for (const i of boxes[lane]) {
    const end = DATA.start[i] + Math.max(0, DATA.duration[i]);
    const away = t < DATA.start[i] ? DATA.start[i] - t : t > end ? t - end : 0;
    if (away < gap || (away === 0 && gap === 0)) { best = i; gap = away; }
    if (DATA.start[i] > t + near) break;
  }
  return [t, best];
}
function zoom(factor, middle = (view.from + view.to) / 2) {
  const span = Math.min(END, Math.max((view.to - view.from) * factor, DATA.timed ? 10 : 5));
  const share = (middle - view.from) / (view.to - view.from);
  view.from = Math.max(0, Math.min(END - span, middle - share * span));
  view.to = view.from + span;
  draw();
}
let drag = null;
$("plot").addEventListener("pointerdown", (event) => {
  if (event.button) return;
  drag = {x: event.clientX, t: at(event)[0]};
  $("plot").setPointerCapture(event.pointerId);
});
$("plot").addEventListener("pointermove", (event) => {
  const [t, i] = at(event);
  if (drag && Math.abs(event.clientX - drag.x) > 3) {
    state.range = [Math.max(0, Math.min(drag.t, t)), Math.min(END, Math.max(drag.t, t))];
    draw();
  }
  const tip = $("tip");
  tip.hidden = i < 0 || drag !== null;
  if (!tip.hidden) {
    tip.textContent = `${taskName(DATA.task[i])}  ${DATA.duration[i] >= 0 ? took(DATA.duration[i]) + "  " : ""}${DATA.text[i].slice(0, 300)}`;
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8))}px`;
  }
});
$("plot").addEventListener("pointerup", (event) => {
  const moved = drag && Math.abs(event.clientX - drag.x) > 3;
  drag = null;
  if (moved) update();
  else { const i = at(event)[1]; if (i >= 0) reveal(i); }
});
$("plot").addEventListener("pointerleave", () => { $("tip").hidden = true; });
$("plot").addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.25 : .8, at(event)[0]);
}, {passive: false});
$("in").addEventListener("click", () => zoom(.5));
$("out").addEventListener("click", () => zoom(2));

/* -- tables ------------------------------------------------------------------------------------ */

/** A table whose headings sort it. columns: [heading, cell of a row, sort key, numeric]. */
function table(node, columns, sort) {
  const body = el("tbody");
  const heads = columns.map(([text, , , numeric], k) => {
    const button = el("button", {type: "button", text});
    const head = el("th", {class: numeric ? "n" : "", scope: "col"}, button);
    button.addEventListener("click", () => { sort = [k, sort[0] === k ? -sort[1] : numeric ? -1 : 1]; show(); });
    return head;
  });
  node.replaceChildren(el("thead", {}, el("tr", {}, ...heads)), body);
  let rows = [], decorate = null;
  function show() {
    const [k, way] = sort, key = columns[k][2];
    rows.sort((a, b) => { const [p, q] = [key(a), key(b)]; return way * (p < q ? -1 : p > q ? 1 : 0); });
    heads.forEach((head, i) => head.setAttribute("aria-sort", i === k ? (way > 0 ? "ascending" : "descending") : "none"));
    body.replaceChildren(...rows.slice(0, 500).map((row) => {
      const tr = el("tr", {class: "link"}, ...columns.map(([, cell, , numeric]) => {
        const content = cell(row);
        return content instanceof Node ? content : el("td", {class: numeric ? "n" : "name", text: content});
      }));
      decorate(tr, row);
      return tr;
    }));
    if (rows.length > 500) body.append(el("tr", {}, el("td", {colspan: columns.length, text: `… and ${(rows.length - 500).toLocaleString("en")} more`})));
  }
  return (data, with_row) => { rows = data; decorate = with_row; show(); };
}
const whole = () => stats.reduce((n, s) => Math.max(n, s.total), 0);
let stats = [];
const callColumns = [
  ["call", (s) => s.name, (s) => s.name, false],
  ["calls", (s) => s.calls.toLocaleString("en"), (s) => s.calls, true],
  ["errors", (s) => el("td", {class: `n ${s.errors ? "bad" : ""}`, text: s.errors ? s.errors.toLocaleString("en") : "",
    title: [...s.kinds].map(([e, n]) => `${e} ${n}`).join(", ")}), (s) => s.errors, true],
  ...(DATA.durations ? [
    ["total", (s) => { const bar = el("span", {class: "share"}); bar.style.width = `${100 * s.total / (whole() || 1)}%`;
      return el("td", {class: "n"}, took(s.total), bar); }, (s) => s.total, true],
    ["average", (s) => took(s.total / s.calls), (s) => s.total / s.calls, true],
    ["longest", (s) => took(s.longest), (s) => s.longest, true]] : []),
];
const showCalls = table($("calltable"), callColumns, [DATA.durations ? 3 : 1, -1]);
const fileColumns = [
  ["path", (f) => f[0], (f) => f[0], false],
  ["calls", (f) => f[1].toLocaleString("en"), (f) => f[1], true],
  ["errors", (f) => el("td", {class: `n ${f[2] ? "bad" : ""}`, text: f[2] || ""}), (f) => f[2], true],
  ["opened", (f) => String(f[3] || ""), (f) => f[3], true],
  ["read", (f) => bytes(f[4]), (f) => f[4], true],
  ["written", (f) => bytes(f[5]), (f) => f[5], true],
];
const showFiles = table($("filetable"), fileColumns, [1, -1]);

function summary() {
  const by = new Map();
  for (let i = 0; i < N; i++) {
    if (DATA.kind[i] !== CALL || (state.task >= 0 && DATA.task[i] !== state.task)) continue;
    if (state.range && !(DATA.start[i] >= state.range[0] && DATA.start[i] <= state.range[1])) continue;
    const name = DATA.names[DATA.name_of[i]];
    let s = by.get(name);
    if (!s) by.set(name, s = {name, calls: 0, errors: 0, total: 0, longest: 0, kinds: new Map()});
    s.calls++;
    if (DATA.error[i]) {
      const error = DATA.errors[DATA.error[i]];
      s.errors++;
      s.kinds.set(error, (s.kinds.get(error) || 0) + 1);
    }
    const d = Math.max(0, DATA.duration[i]);
    s.total += d;
    s.longest = Math.max(s.longest, d);
  }
  stats = [...by.values()];
  document.querySelector("#calls small").textContent = plural(stats.length, "name");
  showCalls(stats, (tr, s) => {
    tr.classList.toggle("on", s.name === state.call);
    tr.addEventListener("click", () => { $("call").value = state.call = state.call === s.name ? "" : s.name; update(); });
  });
  const files = DATA.files.filter((f) => state.task < 0 || f[6].includes(state.task));
  document.querySelector("#files small").textContent = plural(files.length, "path");
  showFiles(files, (tr, f) => tr.addEventListener("click", () => {
    $("search").value = state.search === f[0].toLowerCase() ? "" : f[0];
    state.search = $("search").value.toLowerCase();
    update();
    $("events").scrollIntoView({block: "nearest"});
  }));
}
function tree() {
  const make = (parent, depth) => {
    const children = lanes.filter((i) => DATA.tasks[i][1] === parent);
    if (!children.length || depth > 64) return "";
    return el("ul", {}, ...children.map((i) => {
      const [, , , thread, , , ended, calls, errors] = DATA.tasks[i];
      const bad = ended && ended !== "exited with 0" && !ended.startsWith("superseded");
      return el("li", {}, el("button", {type: "button", "data-task": i, class: i === state.task ? "on" : "",
        onclick: () => setTask(i === state.task ? -1 : i)}, taskName(i) + (thread ? " (thread)" : "")),
        el("small", {text: `${plural(calls, "call")}${errors ? `, ${plural(errors, "error")}` : ""}`}),
        ended ? el("small", {class: bad ? "bad" : "", text: ended}) : "", make(i, depth + 1));
    }));
  };
  $("tree").replaceChildren(make(null, 0));
  document.querySelector("#processes small").textContent = plural(DATA.tasks.length, "task");
  $("labels").replaceChildren(...lanes.map((i) => el("button", {type: "button", title: taskName(i),
    class: `${DATA.tasks[i][3] ? "thread" : ""}${i === state.task ? " on" : ""}`, text: taskName(i),
    onclick: () => setTask(i === state.task ? -1 : i)})));
}
function setTask(i) { state.task = i; $("task").value = i; update(); }

function update() {
  shown = [];
  for (let i = 0; i < N; i++) if (matches(i)) shown.push(i);
  $("space").style.height = `${shown.length * ROW}px`;
  $("list").scrollTop = Math.min($("list").scrollTop, shown.length * ROW);
  $("count").textContent = $("eventcount").textContent =
    `${shown.length.toLocaleString("en")} of ${plural(N, "event")}`;
  $("range").hidden = !state.range;
  if (state.range) $("range").textContent = `${time(state.range[0])} – ${time(state.range[1])} ✕`;
  if (state.picked >= 0 && !matches(state.picked)) pick(-1);
  listRows();
  tree();
  summary();
  draw();
}

$("title").textContent = DATA.name;
const failures = DATA.error.reduce((n, e) => n + (e ? 1 : 0), 0);
$("meta").textContent = [plural(N, "event"), plural(failures, "error"), plural(DATA.tasks.length, "task"),
  plural(DATA.files.length, "file"), DATA.timed ? `${time(END)} of time` : "no times in the log: events stand in order"].join(" · ");
for (const note of DATA.notes) $("notes").append(el("p", {class: "notice", text: note}));
if (!N) $("notes").append(el("p", {class: "notice", text: "The log has no events."}));
$("task").append(option(-1, "All processes"), ...lanes.map((i) => option(i, taskName(i))));
const called = new Set();
for (let i = 0; i < N; i++) if (DATA.kind[i] === CALL) called.add(DATA.names[DATA.name_of[i]]);
$("call").append(option("", "All calls"), ...[...called].sort().map((n) => option(n, n)));
$("legend").append(...GROUPS.map(([name, light, dark]) => {
  const box = el("i");
  const paint = () => { box.style.background = isDark() ? dark : light; };
  paint();
  document.addEventListener("themechange", paint);
  return el("span", {}, box, name);
}));
$("search").addEventListener("input", debounced(() => { state.search = $("search").value.toLowerCase(); update(); }));
$("task").addEventListener("change", () => setTask(Number($("task").value)));
$("call").addEventListener("change", () => { state.call = $("call").value; update(); });
$("failed").addEventListener("change", () => { state.failed = $("failed").checked; update(); });
$("range").addEventListener("click", () => { state.range = null; update(); });
$("reset").addEventListener("click", () => {
  Object.assign(state, {search: "", task: -1, call: "", failed: false, range: null});
  $("search").value = $("call").value = "";
  $("task").value = -1;
  $("failed").checked = false;
  Object.assign(view, {from: 0, to: END});
  pick(-1);
  update();
});
$("list").addEventListener("scroll", () => requestAnimationFrame(listRows));
$("list").addEventListener("keydown", (event) => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step || !shown.length) return;
  event.preventDefault();
  const k = shown.indexOf(state.picked);
  reveal(shown[Math.max(0, Math.min(shown.length - 1, k < 0 ? 0 : k + step))]);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    event.preventDefault();
    $("search").focus();
  } else if (event.key === "Escape" && event.target === $("search")) $("search").blur();
});
document.addEventListener("themechange", draw);
new ResizeObserver(debounced(() => { draw(); listRows(); }, 60)).observe($("plot"));
$("timeline").addEventListener("toggle", draw);
$("events").addEventListener("toggle", listRows);
update();
document.documentElement.dataset.ready = "yes";
