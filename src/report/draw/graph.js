const data = JSON.parse(byId("data").textContent);
const nodes = data.nodes.map(([name, kind, about, place, outcome, took, why], id) => ({ id, name, kind, about, place, outcome, took, why, needs: [], users: [], parts: [], wholes: [] }));
const known = new Map(nodes.map((node) => [node.name, node]));
for (const [from, to, kind] of data.edges) {
  if (kind === "part") { nodes[from].parts.push(to); nodes[to].wholes.push(from); }
  else { nodes[from].needs.push([to, kind]); nodes[to].users.push([from, kind]); }
}
/* What else a page has to tell of a target: functions of it and the place where that goes. */
const tellers = [];
const go = (node) => { location.hash = node ? TARGET + encodeURIComponent(node.name) : "#graph"; };
const focused = () => { try { return location.hash.startsWith(TARGET) ? known.get(decodeURIComponent(location.hash.slice(TARGET.length))) : undefined; } catch { return undefined; } };

part(() => {
  const LIMIT = 400, FOUND = 60, SMALL = 80;
  const panel = byId("graph"), alone = document.body.classList.contains("alone");
  const large = nodes.length > SMALL;
  byId("collapse").checked = large;
  let zoom = 1;

  /* What is drawn: everything, with epics standing for their tasks, or what is around one target. */
  const stand = (id) => {
    if (!byId("collapse").checked || nodes[id].kind === "rock" || nodes[id].kind === "epic") return id;
    const epic = nodes[id].wholes.find((whole) => nodes[whole].kind === "epic");
    return epic === undefined ? id : epic;
  };
  const around = (start, steps) => {
    const found = new Set([start]);
    for (const next of [(node) => [...node.needs.map(([to]) => to), ...node.parts], (node) => [...node.users.map(([to]) => to), ...node.wholes]]) {
      let edge = [start];
      const seen = new Set(edge);
      for (let step = 0; step < steps && edge.length > 0; step++) {
        edge = edge.flatMap((id) => next(nodes[id])).filter((id) => !seen.has(id) && seen.add(id));
        for (const id of edge) found.add(id);
      }
    }
    return [...found];
  };
  const picture = (focus) => {
    const all = focus ? around(focus.id, Number(byId("steps").value)) : [...new Set(nodes.map((node) => stand(node.id)))];
    const shown = all.slice(0, LIMIT);
    const inside = new Set(shown);
    const lines = new Map();
    const line = (from, to, kind) => {
      if (from !== to && inside.has(from) && inside.has(to)) {
        const key = `${from} ${to}`;
        if (!lines.has(key) || kind === "needs") lines.set(key, { from, to, kind });
      }
    };
    const stands = focus ? (id) => id : stand;
    for (const node of nodes) {
      const from = stands(node.id);
      if (!inside.has(from)) continue;
      for (const part of node.parts) line(from, stands(part), "part");
      for (const [to, kind] of node.needs) line(from, stands(to), kind);
    }
    return { all, shown, lines: [...lines.values()] };
  };

  /* Columns from left to right, each target left of what it needs; a line that closes a circle is not counted. */
  const measure = document.createElement("canvas").getContext("2d");
  measure.font = "13px system-ui, sans-serif";
  const shorten = (text) => {
    const letters = [...text];
    return letters.length <= 40 ? text : `${letters.slice(0, 18).join("")}…${letters.slice(-21).join("")}`;
  };
  const label = (node) => {
    const inner = node.kind === "epic" && !focused() && byId("collapse").checked ? ` (${node.parts.length})` : "";
    return shorten(node.name) + inner;
  };
  /* An epic or rock ended as the worst of its parts did. */
  const WORST = ["failed", "stalled", "running", "interrupted", "cancelled", "done", "cached", "fresh", "skipped"];
  const ended = (node) => {
    if (node.outcome || node.parts.length === 0) return node.outcome;
    const inside = node.parts.map((part) => ended(nodes[part])).filter(Boolean);
    return WORST.find((outcome) => inside.includes(outcome));
  };
  const DOT = 13;
  const wide = (box) => Math.ceil(measure.measureText(box.text).width) + 20 + (box.ended ? DOT : 0);
  const lay = ({ shown, lines }) => {
    const boxes = new Map(shown.map((id) => [id, { id, text: label(nodes[id]), ended: ended(nodes[id]), out: [], in: [], rank: 0, lone: true }]));
    for (const { from, to } of lines) {
      boxes.get(from).out.push(to); boxes.get(to).in.push(from);
      boxes.get(from).lone = boxes.get(to).lone = false;
    }
    const state = new Map(), order = [];
    for (const root of shown) {
      const stack = [[root, 0]];
      if (state.has(root)) continue;
      state.set(root, 1);
      while (stack.length > 0) {
        const top = stack[stack.length - 1], box = boxes.get(top[0]);
        if (top[1] === box.out.length) { state.set(top[0], 2); order.push(top[0]); stack.pop(); continue; }
        const next = box.out[top[1]++];
        if (!state.has(next)) { state.set(next, 1); stack.push([next, 0]); }
        else if (state.get(next) === 1) { box.back = (box.back || new Set()).add(next); }
      }
    }
    for (const id of order.reverse()) {
      const box = boxes.get(id);
      for (const to of box.out) if (!(box.back && box.back.has(to))) boxes.get(to).rank = Math.max(boxes.get(to).rank, box.rank + 1);
    }
    const columns = [];
    for (const box of boxes.values()) if (!box.lone) (columns[box.rank] ||= []).push(box);
    for (let sweep = 0; sweep < 6; sweep++) {
      const forward = sweep % 2 === 0;
      for (const column of columns) column.forEach((box, at) => { box.at = at / column.length; });
      for (const column of forward ? columns : [...columns].reverse()) {
        for (const box of column) {
          const near = (forward ? box.in : box.out).map((id) => boxes.get(id).at);
          box.pull = near.length > 0 ? near.reduce((sum, at) => sum + at, 0) / near.length : box.at;
        }
        column.sort((one, other) => one.pull - other.pull);
        column.forEach((box, at) => { box.at = at / column.length; });
      }
    }
    const ROW = 34, GAP = 70;
    let x = 8, height = 0;
    const tallest = Math.max(0, ...columns.map((column) => column.length));
    for (const column of columns) {
      let widest = 0;
      for (const box of column) widest = Math.max(widest, box.width = wide(box));
      const top = 8 + (tallest - column.length) * ROW / 2;
      column.forEach((box, at) => { box.x = x; box.y = top + at * ROW; height = Math.max(height, box.y + ROW); });
      x += widest + GAP;
    }
    let width = Math.max(x - GAP + 8, 200), across = 8, down = height + 12;
    const room = Math.max(width, byId("view").clientWidth - 40);
    for (const box of boxes.values()) {
      if (!box.lone) continue;
      box.width = wide(box);
      if (across > 8 && across + box.width > room) { across = 8; down += ROW; }
      box.x = across; box.y = down;
      across += box.width + 12;
      width = Math.max(width, across); height = Math.max(height, down + ROW);
    }
    return { boxes, width, height: height + 8 };
  };

  const svg = (tag, facts, into) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(facts)) element.setAttribute(name, value);
    if (into) into.append(element);
    return element;
  };
  const paint = () => {
    const focus = focused(), drawn = picture(focus), { boxes, width, height } = lay(drawn), view = byId("view");
    const size = zoom * Math.min(1, Math.max(0.6, (view.clientWidth - 20) / width));
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: width * size, height: height * size, role: "group", "aria-label": "graph" });
    const defs = svg("defs", {}, root);
    svg("path", { id: "tip", d: "M0 0 8 4 0 8z" }, svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, defs));
    const edges = [];
    for (const { from, to, kind } of drawn.lines) {
      const a = boxes.get(from), b = boxes.get(to);
      const [x, y, u, v] = [a.x + a.width, a.y + 13, b.x, b.y + 13], bend = Math.max(30, Math.abs(u - x) / 2);
      const d = `M${x} ${y}C${x + bend} ${y} ${u - bend} ${v} ${u} ${v}`;
      edges.push({ from, to, element: svg("path", { class: `edge ${kind}`, d, "marker-end": "url(#arrow)" }, root) });
    }
    for (const box of boxes.values()) {
      const node = nodes[box.id];
      const spoken = `${node.kind} ${node.name}${box.ended ? `, ${box.ended}` : ""}, needs ${node.needs.length + node.parts.length}, needed by ${node.users.length + node.wholes.length}`;
      const group = svg("g", { class: `node ${node.kind}${box.ended ? ` ended-${box.ended}` : ""}${node === focus ? " here" : ""}`, tabindex: 0, role: "button", "aria-label": spoken, "data-id": box.id }, root);
      svg("rect", { x: box.x, y: box.y, width: box.width, height: 26, rx: node.kind === "task" ? 4 : 12 }, group);
      if (box.ended) svg("circle", { cx: box.x + 13, cy: box.y + 13, r: 4.5, class: `of-${box.ended}` }, group);
      svg("text", { x: box.x + 10 + (box.ended ? DOT : 0), y: box.y + 17.5 }, group).textContent = box.text;
      svg("title", {}, group).textContent = [node.name, node.about, box.ended && (node.took ? `${box.ended}, ${lasted(node.took)}` : box.ended)].filter(Boolean).join("\n");
      const light = (on) => edges.forEach((edge) => { if (edge.from === box.id || edge.to === box.id) edge.element.classList.toggle("lit", on); });
      group.addEventListener("click", () => go(node));
      for (const name of ["mouseenter", "focus"]) group.addEventListener(name, () => light(true));
      for (const name of ["mouseleave", "blur"]) group.addEventListener(name, () => light(false));
      group.addEventListener("keydown", (event) => {
        const column = [...boxes.values()].filter((other) => other.rank === box.rank && other.lone === box.lone).sort((one, other) => one.y - other.y || one.x - other.x);
        const at = column.indexOf(box);
        const to = { ArrowRight: boxes.get(box.out[0]), ArrowLeft: boxes.get(box.in[0]), ArrowDown: column[at + 1], ArrowUp: column[at - 1] }[event.key];
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); go(node); }
        else if (to) { event.preventDefault(); root.querySelector(`[data-id="${to.id}"]`).focus(); }
      });
    }
    view.replaceChildren(root);
    const left = drawn.all.length - drawn.shown.length;
    byId("said").textContent = `${many(drawn.shown.length, "target")} of ${nodes.length.toLocaleString("en")} drawn${left > 0 ? `; ${left.toLocaleString("en")} more are left out: take fewer steps, or search` : ""}`;
    byId("stepping").hidden = !focus; byId("collapsing").hidden = Boolean(focus); byId("whole").hidden = !focus;
    if (focus) {
      const box = boxes.get(focus.id);
      view.scrollTo((box.x + box.width / 2) * size - view.clientWidth / 2, (box.y + 13) * size - view.clientHeight / 2);
    }
  };

  const list = (title, ids, into) => {
    if (title) make("h3", `${title} (${ids.length.toLocaleString("en")})`, into);
    const items = make("ul", "", into);
    for (const id of ids.slice(0, FOUND)) {
      const button = make("button", nodes[id].name, make("li", "", items), { type: "button" });
      make("small", nodes[id].kind === "task" ? "" : ` ${nodes[id].kind}`, button);
      button.addEventListener("click", () => go(nodes[id]));
    }
    if (ids.length > FOUND) make("li", `and ${(ids.length - FOUND).toLocaleString("en")} more`, items, { className: "faint" });
  };
  const tell = () => {
    const focus = focused(), about = byId("about");
    about.replaceChildren();
    if (!focus) return;
    make("h2", focus.name, about);
    make("p", focus.place ? `${focus.kind}, ${focus.place}` : focus.kind, about, { className: "faint" });
    if (focus.about) make("p", focus.about, about);
    for (const teller of tellers) teller(focus, about);
    const ids = (pairs) => [...new Set(pairs.map(([id]) => id))];
    if (focus.parts.length > 0) list("Parts", focus.parts, about);
    list("Needs", ids(focus.needs), about);
    list("Needed by", ids(focus.users), about);
    if (focus.wholes.length > 0) list("Part of", focus.wholes, about);
  };
  const search = () => {
    const wanted = byId("search").value.trim().toLowerCase(), found = byId("found");
    found.replaceChildren();
    if (wanted === "") return;
    const rank = (node) => {
      const name = node.name.toLowerCase(), at = name.indexOf(wanted);
      if (at >= 0) return name === wanted ? 0 : at === 0 ? 1 : "/:".includes(name[at - 1]) ? 2 : 3;
      return (node.about || "").toLowerCase().includes(wanted) ? 4 : 9;
    };
    const hits = nodes.map((node) => [rank(node), node.id]).filter(([rank]) => rank < 9).sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    list("Found", hits.map(([, id]) => id), found);
  };

  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => { if (event.key === "Enter") byId("found").querySelector("button")?.click(); });
  byId("side").addEventListener("keydown", (event) => {
    const stops = [byId("search"), ...byId("side").querySelectorAll("li button")], at = stops.indexOf(document.activeElement);
    const to = event.key === "ArrowDown" ? stops[at + 1] : event.key === "ArrowUp" ? stops[at - 1] : undefined;
    if (at >= 0 && to) { event.preventDefault(); to.focus(); }
  });
  byId("whole").addEventListener("click", () => go());
  for (const id of ["collapse", "steps"]) byId(id).addEventListener("change", () => paint());
  const scale = (to) => { zoom = Math.min(3, Math.max(0.2, to)); paint(); };
  byId("nearer").addEventListener("click", () => scale(zoom * 1.25));
  byId("farther").addEventListener("click", () => scale(zoom / 1.25));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && (alone || panel.contains(document.activeElement))) { byId("search").value = ""; search(); go(); }
    else if (typing(event)) return;
    else if (event.key === "/") { event.preventDefault(); byId("search").focus(); }
    else if (!alone && !panel.contains(document.activeElement)) return;
    else if (event.key === "+") scale(zoom * 1.25);
    else if (event.key === "-") scale(zoom / 1.25);
    else if (event.key === "0") scale(1);
  });
  addEventListener("hashchange", () => {
    const walking = byId("view").contains(document.activeElement);
    tell();
    paint();
    if (focused() && !alone && !panel.contains(document.activeElement)) panel.scrollIntoView({ block: "start" });
    if (walking) (byId("view").querySelector(".here") || byId("view").querySelector(".node"))?.focus({ preventScroll: true });
  });
  /* A drawing that nobody sees yet costs nothing. */
  const seen = new IntersectionObserver(([entry]) => { if (entry.isIntersecting) { seen.disconnect(); tell(); paint(); } }, { rootMargin: "400px" });
  seen.observe(panel);
  if (focused() && !alone) panel.scrollIntoView({ block: "start" });
});
