const byId = (id) => document.getElementById(id);
const make = (tag, text, into, more = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  Object.assign(element, more);
  if (into) into.append(element);
  return element;
};
/* A part of a page: where it fails, that is told, and the others work. */
const part = (work) => { try { work(); } catch (error) { reportError(error); } };
const many = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
/* As the page writes durations: 7 ms, 2.4 s, 3m05s, 1h02m. */
const lasted = (ms) => {
  const seconds = ms / 1000, whole = Math.floor(seconds), two = (part) => String(part).padStart(2, "0");
  if (seconds < 0.9995) return `${Math.round(ms)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole % 3600 / 60))}m`;
};
/* A name stands once in the page: links to the graph, and rows, have it from there. */
const TARGET = "#target=";
const named = (root) => root.querySelector(".name a")?.textContent;
const lead = (root) => { for (const name of root.querySelectorAll(".name a:not([href])")) name.href = TARGET + encodeURIComponent(name.textContent).replaceAll("%2F", "/"); };
part(() => lead(document));
const typing = (event) => event.target.matches("input[type=search], select") || event.ctrlKey || event.metaKey || event.altKey;

/* Light, dark, or as the system has it. */
part(() => {
  const button = byId("theme"), root = document.documentElement, names = ["system", "light", "dark"];
  const kept = () => { try { return localStorage.getItem("orket-theme"); } catch { return null; } };
  const choose = (name) => {
    root.classList.remove("light", "dark");
    if (name !== "system") root.classList.add(name);
    button.textContent = `theme: ${name}`;
    try { localStorage.setItem("orket-theme", name); } catch { /* A page of a file may have no memory. */ }
  };
  if (button) {
    choose(names.includes(kept()) ? kept() : "system");
    button.addEventListener("click", () => choose(names[(names.findIndex((name) => button.textContent.endsWith(name)) + 1) % 3]));
  }
});

/* Tables: rows are found by words, sorted by a column, and no more of them are made than can be read. */
const SHOWN = 100, MORE = 1000;
const plain = (html) => html.replace(/<[^>]*>/g, " ").replace(/&(lt|gt|quot|amp|#39);/g, (_, name) => ({ lt: "<", gt: ">", quot: "\"", amp: "&", "#39": "'" })[name]);
const value = (cell) => {
  const text = cell.trim().replace(/^\+/, "").replace(/^\u2212/, "-").replace(/(\d),(?=\d{3})/g, "$1");
  const number = parseFloat(text), unit = { ms: 1, s: 1000, m: 60000, h: 3600000 };
  if (Number.isNaN(number)) return text.toLowerCase();
  const times = [...text.matchAll(/([\d.]+) ?(ms|s|m|h)\b|([\d.]+)(h|m)(?=\d)/g)].map((part) => parseFloat(part[1] || part[3]) * unit[part[2] || part[4]]);
  const all = times.reduce((sum, time) => sum + time, 0);
  return times.length === 0 ? number : text.startsWith("-") ? -all : all;
};
class Row {
  constructor(element, html) { this.element = element; this.html = html; }
  get text() { return this.words ??= (this.element ? this.element.textContent : plain(this.html)).toLowerCase(); }
  get of() { return this.element ? named(this.element) : plain(this.html.match(/<span class="name"><a>(.*?)<\/a>/)?.[1].replaceAll("<wbr>", "") || ""); }
  get made() {
    if (!this.element) { const body = document.createElement("tbody"); body.innerHTML = this.html; this.element = body.firstElementChild; lead(this.element); }
    this.element.hidden = false;
    return this.element;
  }
  key(column) { return value(this.element ? this.element.cells[column].textContent : plain(`<${this.html.split("<td")[column + 1]}`)); }
}
for (const sheet of document.querySelectorAll(".sheet")) part(() => {
  const body = sheet.querySelector("tbody"), field = sheet.querySelector("input[type=search]"), more = sheet.querySelector("button.more"), said = sheet.querySelector("[role=status]");
  const rest = sheet.querySelector("script")?.textContent.trim().split("\n") || [];
  const rows = [...[...body.rows].map((row) => new Row(row)), ...rest.map((html) => new Row(undefined, html))];
  let most = SHOWN;
  const show = () => {
    const words = (field?.value || "").toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length > 0 ? rows.filter((row) => words.every((word) => row.text.includes(word))) : rows;
    body.replaceChildren(...found.slice(0, most).map((row) => row.made));
    const left = found.length - most;
    if (said) said.textContent = words.length > 0 ? `${many(found.length, "row")} found` : "";
    if (more) { more.hidden = left <= 0; more.textContent = left > MORE ? `show ${MORE.toLocaleString("en")} more of ${left.toLocaleString("en")}` : `show all ${found.length.toLocaleString("en")}`; }
  };
  field?.addEventListener("input", () => { most = SHOWN; show(); });
  more?.addEventListener("click", () => { most += MORE; show(); });
  sheet.find = (address) => rows.find((row) => row.of === address);
  sheet.reveal = (row) => {
    if (row.element?.isConnected && !row.element.hidden) return;
    if (field) field.value = "";
    show();
    if (!row.made.isConnected) body.append(row.made);
  };
  if (rows.length < 3) return;
  [...sheet.querySelectorAll("thead th")].forEach((head, column) => {
    if (head.textContent === "") return;
    const button = make("button", head.textContent, undefined, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const first = head.classList.contains("number") ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? (first === "ascending" ? "descending" : "ascending") : first;
      for (const other of sheet.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const keys = new Map(rows.map((row) => [row, row.key(column)])), turn = way === "ascending" ? 1 : -1;
      const order = (one, other) => (typeof one === typeof other ? (one < other ? -1 : one > other ? 1 : 0) : typeof one === "number" ? -1 : 1);
      rows.sort((one, other) => turn * order(keys.get(one), keys.get(other)));
      show();
    });
  });
});

/* What is folded is opened for a printer, and folded again. */
part(() => {
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")].slice(0, 200); for (const one of opened) one.open = true; });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
});
