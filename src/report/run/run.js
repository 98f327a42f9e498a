/* The longest chain, as the page was written with; `free` are nodes that take no time. */
const chain = (() => {
  const before = nodes.map((node) => [...node.needs.filter(([, kind]) => kind !== "along").map(([to]) => to), ...node.parts]);
  const order = [], seen = new Set();
  for (const root of before.keys()) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack = [[root, 0]];
    while (stack.length > 0) {
      const top = stack[stack.length - 1], next = before[top[0]][top[1]++];
      if (next === undefined) { order.push(top[0]); stack.pop(); }
      else if (!seen.has(next)) { seen.add(next); stack.push([next, 0]); }
    }
  }
  return (free = new Set()) => {
    const ends = new Float64Array(nodes.length);
    let longest = 0;
    for (const id of order) {
      let latest = 0;
      for (const one of before[id]) latest = Math.max(latest, ends[one]);
      ends[id] = latest + (free.has(id) ? 0 : nodes[id].took || 0);
      longest = Math.max(longest, ends[id]);
    }
    return longest;
  };
})();
const now = chain();
const without = (free) => {
  const left = chain(free), saved = now - left;
  return saved > 0 ? `the longest chain would take ${lasted(left)} instead of ${lasted(now)} (−${lasted(saved)})` : `the longest chain would still take ${lasted(now)}`;
};

/* What if a task were free: ticked in the critical path, or looked at in the graph. */
part(() => {
  const ticks = [...document.querySelectorAll("#chain input")], said = byId("what-if");
  if (!said) return;
  const tell = () => {
    const names = ticks.filter((tick) => tick.checked).map((tick) => named(tick.closest("tr")));
    said.textContent = names.length > 0 ? `If ${names.length === 1 ? names[0] : `these ${names.length} tasks`} took no time, ${without(new Set(names.map((name) => known.get(name)?.id)))}.` : "";
  };
  for (const tick of ticks) tick.addEventListener("change", tell);
  tell();
});
tellers.push((node, into) => {
  if (!node.outcome) return;
  const line = make("p", "", into);
  make("span", "", line, { className: `dot of-${node.outcome}` });
  line.append(`${node.outcome === "cancelled" ? "not reached" : node.outcome}${node.took ? `, ${lasted(node.took)}` : ""}`);
  if (node.why) make("p", node.why, into, { className: "faint" });
  if (node.took) make("p", `If it took no time, ${without(new Set([node.id]))}.`, into, { className: "free" });
  const sheet = document.querySelector("#tasks .sheet"), row = sheet?.find(node.name);
  if (row) {
    const button = make("button", "among all tasks", into, { type: "button" });
    button.addEventListener("click", () => {
      sheet.reveal(row);
      for (const other of document.querySelectorAll("tr.found")) other.classList.remove("found");
      row.made.classList.add("found");
      row.made.scrollIntoView({ block: "center" });
      row.made.querySelector("a").focus({ preventScroll: true });
    });
  }
});

/* The timeline: bars are pointed at, walked along, and made wider. */
part(() => {
  const drawing = byId("timeline-of-slots"), said = byId("bar");
  const bars = drawing ? [...drawing.querySelectorAll(".bar")] : [], hint = said?.textContent;
  let at = -1, wide = 1;
  const point = (to) => {
    bars[at]?.classList.remove("at");
    at = to;
    bars[at]?.classList.add("at");
    said.textContent = bars[at] ? bars[at].querySelector("title").textContent + (bars[at].classList.contains("critical") ? ", on the critical path" : "") : hint;
  };
  const enter = () => { const node = known.get(bars[at]?.dataset.of); if (node) go(node); };
  const stretch = (to) => {
    wide = Math.min(64, Math.max(1, to));
    drawing.setAttribute("width", `${wide * 100}%`);
    bars[at]?.scrollIntoView({ block: "nearest", inline: "center" });
  };
  if (drawing) {
    drawing.addEventListener("pointerover", (event) => { const bar = event.target.closest(".bar"); if (bar) point(bars.indexOf(bar)); });
    drawing.addEventListener("click", (event) => { if (event.target.closest(".bar")) enter(); });
    drawing.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: bars.length - 1 }[event.key];
      const y = bars[at]?.getAttribute("y"), lane = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      if (to !== undefined && bars[to]) { event.preventDefault(); point(to); bars[to].scrollIntoView({ block: "nearest", inline: "nearest" }); }
      else if (lane && bars[at]) {
        event.preventDefault();
        const from = parseFloat(bars[at].getAttribute("x")), lanes = [...new Set(bars.map((bar) => bar.getAttribute("y")))];
        const there = bars.filter((bar) => bar.getAttribute("y") === lanes[lanes.indexOf(y) + lane]);
        const near = there.sort((one, other) => Math.abs(parseFloat(one.getAttribute("x")) - from) - Math.abs(parseFloat(other.getAttribute("x")) - from))[0];
        if (near) point(bars.indexOf(near));
      } else if (event.key === "Enter") enter();
      else if (event.key === "+") stretch(wide * 2);
      else if (event.key === "-") stretch(wide / 2);
      else if (event.key === "0") stretch(1);
    });
    byId("longer").addEventListener("click", () => stretch(wide * 2));
    byId("shorter").addEventListener("click", () => stretch(wide / 2));
  }
});

/* The graph as a table, made when it is asked for. */
const LISTED = 1000;
byId("listed")?.addEventListener("toggle", (event) => {
  if (event.target.querySelector("table")) return;
  const pane = make("div", "", event.target, { className: "table", tabIndex: 0, role: "region", ariaLabel: "targets and what they need" });
  const table = make("table", "", pane), head = make("tr", "", make("thead", "", table)), body = make("tbody", "", table);
  for (const name of ["target", "kind", "outcome", "needs", "needed by"]) make("th", name, head, { scope: "col" });
  const names = (ids) => [...new Set(ids)].slice(0, 40).map((id) => nodes[id].name).join(", ") + (ids.length > 40 ? ` and ${ids.length - 40} more` : "");
  for (const node of nodes.slice(0, LISTED)) {
    const row = make("tr", "", body);
    make("a", node.name, make("td", "", row, { className: "name" }), { href: TARGET + encodeURIComponent(node.name) });
    make("td", node.kind, row);
    make("td", node.outcome || "", row);
    make("td", names([...node.needs.map(([to]) => to), ...node.parts]), row);
    make("td", names([...node.users.map(([from]) => from), ...node.wholes]), row);
  }
  if (nodes.length > LISTED) make("p", `The first ${LISTED.toLocaleString("en")} of ${nodes.length.toLocaleString("en")}; the search above the graph finds the others.`, event.target, { className: "faint" });
});

/* Where the reader is. */
part(() => {
  const links = [...document.querySelectorAll("nav a")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) links.find((link) => link.hash === `#${entry.target.id}`)?.classList.toggle("here", entry.isIntersecting);
  }, { rootMargin: "-20% 0px -75% 0px" });
  for (const section of document.querySelectorAll("main > section")) seen.observe(section);
});
