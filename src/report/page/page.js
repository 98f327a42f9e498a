const byId = (id) => document.getElementById(id);
const make = (tag, text, into, more = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  Object.assign(element, more);
  if (into) into.append(element);
  return element;
};
const many = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
/* As the page writes durations: 7 ms, 2.4 s, 3m05s, 1h02m. */
const lasted = (ms) => {
  const seconds = ms / 1000, whole = Math.floor(seconds), two = (part) => String(part).padStart(2, "0");
  if (seconds < 0.9995) return `${Math.round(ms)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole % 3600 / 60))}m`;
};
const typing = (event) => event.target.matches("input[type=search], select") || event.ctrlKey || event.metaKey || event.altKey;

/* Light, dark, or as the system has it. */
{
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
}

/* Tables: rows are found by words, sorted by a column, and at first no more are shown than can be read. */
const SHOWN = 100;
const value = (cell) => {
  const text = (cell?.textContent || "").trim().replace(/^\+/, "").replace(/^\u2212/, "-").replace(/(\d),(?=\d{3})/g, "$1");
  const number = parseFloat(text), unit = { ms: 1, s: 1000, m: 60000, h: 3600000 };
  if (Number.isNaN(number)) return text.toLowerCase();
  const times = [...text.matchAll(/([\d.]+) ?(ms|s|m|h)\b|([\d.]+)(h|m)(?=\d)/g)].map((part) => parseFloat(part[1] || part[3]) * unit[part[2] || part[4]]);
  const all = times.reduce((sum, time) => sum + time, 0);
  return times.length === 0 ? number : text.startsWith("-") ? -all : all;
};
for (const sheet of document.querySelectorAll(".sheet")) {
  const body = sheet.querySelector("tbody"), field = sheet.querySelector("input[type=search]"), all = sheet.querySelector("button.all"), said = sheet.querySelector("[role=status]");
  let rows = [...body.rows], most = SHOWN, texts;
  const show = () => {
    const words = (field?.value || "").toLowerCase().split(/\s+/).filter(Boolean);
    texts ||= new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    let found = 0;
    for (const row of rows) {
      const hit = words.every((word) => texts.get(row).includes(word));
      found += hit;
      row.hidden = !hit || found > most;
    }
    if (said) said.textContent = words.length > 0 ? `${many(found, "row")} found${found > most ? `, ${most} shown` : ""}` : "";
    if (all) all.hidden = found <= most;
  };
  let waiting = 0;
  field?.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, rows.length > 2000 ? 120 : 0); });
  all?.addEventListener("click", () => { most = Infinity; show(); });
  sheet.reveal = (row) => { if (field) field.value = ""; if (row.hidden) { most = Infinity; show(); } };
  if (rows.length < 3) continue;
  [...sheet.querySelectorAll("thead th")].forEach((head, column) => {
    if (head.textContent === "") return;
    const button = make("button", head.textContent, undefined, { type: "button" });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const first = head.classList.contains("number") ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? (first === "ascending" ? "descending" : "ascending") : first;
      for (const other of sheet.querySelectorAll("th")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const keys = new Map(rows.map((row) => [row, value(row.cells[column])])), turn = way === "ascending" ? 1 : -1;
      const order = (one, other) => (typeof one === typeof other ? (one < other ? -1 : one > other ? 1 : 0) : typeof one === "number" ? -1 : 1);
      rows.sort((one, other) => turn * order(keys.get(one), keys.get(other)));
      body.append(...rows);
      show();
    });
  });
}

/* What is folded is opened for a printer, and folded again. */
{
  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")].slice(0, 200); for (const one of opened) one.open = true; });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
}
