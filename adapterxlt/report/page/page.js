"use strict";
// Sorting, notes on cells, and the rows of the results, which are drawn as they come into view.
// Names come from files that anybody may have written: they become text, never markup.
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const make = (tag, text, into) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (into) into.append(made);
    return made;
  };
  const collator = new Intl.Collator(undefined, { numeric: true });
  const compare = (one, other) => {
    const numbers = typeof one === "number" && typeof other === "number";
    if (numbers) return one - other;
    return collator.compare(String(one ?? ""), String(other ?? ""));
  };

  // A heading becomes a button; `sort` is told the column and the direction.
  const sortable = (heads, sort) => heads.forEach((head, column) => {
    const button = make("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending" ? 1 : -1;
      heads.forEach((one) => one.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", down < 0 ? "descending" : "ascending");
      sort(column, down);
    });
  });

  const valueOf = (cell) => {
    if (!cell) return "";
    const own = cell.dataset.v;
    const text = own !== undefined ? own : cell.textContent.trim();
    const number = Number(text.replace("*", "").replace("!", ""));
    return text !== "" && Number.isFinite(number) ? number : text === "-" ? "" : text;
  };
  all("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    sortable([...table.tHead.rows[0].cells], (column, down) => {
      const keyed = [...body.rows].map((row) => [valueOf(row.cells[column]), row]);
      keyed.sort((one, other) => {
        if (one[0] === "" || other[0] === "") return (one[0] === "") - (other[0] === "");
        return down * compare(one[0], other[0]);
      });
      body.append(...keyed.map((one) => one[1]));
    });
  });

  // Notes of cells and marks: on hover, focus and tap; Escape puts them away.
  const tip = document.getElementById("tip");
  let told = null;
  const hide = () => { told = null; tip.hidden = true; };
  const show = (cell) => {
    told = cell;
    tip.textContent = cell.dataset.tip || cell.getAttribute("aria-label");
    tip.hidden = false;
    const at = cell.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.right - own.width), innerWidth - own.width - 8);
    const below = at.bottom + 6 + own.height < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + 6 : Math.max(4, at.top - own.height - 6)}px`;
  };
  const noted = (event) => event.target.closest && event.target.closest("[data-tip], .point");
  for (const kind of ["mouseover", "focusin", "click"]) {
    document.addEventListener(kind, (event) => {
      const cell = noted(event);
      if (cell) show(cell);
      // Moving to a cell by key may scroll the page, and so something else under a resting mouse.
      else if (kind === "click" || (kind === "mouseover" && told !== document.activeElement)) hide();
    });
  }
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", () => { if (told) show(told); }, { passive: true, capture: true });
  // Arrow keys go from cell to cell of a matrix.
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest && event.target.closest(".matrix td");
    const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] || [0, 0];
    if (!cell || (!right && !down)) return;
    const row = down > 0 ? cell.parentNode.nextElementSibling : down < 0 ? cell.parentNode.previousElementSibling : cell.parentNode;
    const next = row && row.cells[cell.cellIndex + right];
    const button = next && next.querySelector("button");
    if (button) { button.focus(); event.preventDefault(); }
  });

  // They also go from mark to mark of a plot, from left to right.
  all("figure svg").forEach((plot) => {
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step || !event.target.matches(".point")) return;
      const marks = all(".point", plot).map((mark) => [mark.getBoundingClientRect(), mark]);
      marks.sort(([one], [other]) => one.left - other.left || one.top - other.top);
      const next = marks[marks.findIndex(([, mark]) => mark === event.target) + step];
      if (next) { event.target.tabIndex = -1; next[1].tabIndex = 0; next[1].focus(); }
      event.preventDefault();
    });
  });

  addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));

  // The rows of the results.
  const place = document.getElementById("rows");
  if (!place) return;
  const HEIGHT = 28, MORE = 12;
  const data = JSON.parse(document.getElementById("rows-data").textContent);
  const names = Object.keys(data.columns);
  const get = (name, row) => {
    const column = data.columns[name];
    return "all" in column ? column.all : "is" in column ? column.is[row] : column.of[column.at[row]];
  };
  const view = place.querySelector(".view"), input = place.querySelector("input");
  const count = place.querySelector("output"), clear = place.querySelector("button");
  const table = make("table", undefined, view);
  const heads = make("tr", undefined, table.createTHead());
  const body = table.createTBody();
  table.setAttribute("aria-rowcount", String(data.count + 1));
  const wordy = (column) => typeof ("all" in column ? column.all : (column.is || column.of).find((value) => value !== null)) === "string";
  names.forEach((name) => {
    const head = make("th", name, heads);
    head.scope = "col";
    if (wordy(data.columns[name])) head.className = "word";
  });
  let exact = {}, order = [], sorting = null, drawn = "";

  // Which rows have a word: looked up once for each distinct value.
  const holding = (test) => {
    const told = new Uint8Array(data.count);
    for (const name of names) {
      const column = data.columns[name];
      if ("all" in column) { if (test(name, column.all)) return told.fill(1); continue; }
      if ("is" in column) { column.is.forEach((value, row) => { if (test(name, value)) told[row] = 1; }); continue; }
      const kept = column.of.map((value) => test(name, value));
      if (kept.includes(true)) column.at.forEach((at, row) => { if (kept[at]) told[row] = 1; });
    }
    return told;
  };
  const draw = () => {
    const first = Math.max(0, Math.floor(view.scrollTop / HEIGHT) - MORE);
    const last = Math.min(order.length, first + Math.ceil(view.clientHeight / HEIGHT) + 2 * MORE);
    if (drawn === `${first} ${last}`) return;
    drawn = `${first} ${last}`;
    const space = (rows) => {
      const row = make("tr");
      row.className = "space";
      const cell = make("td", undefined, row);
      cell.colSpan = names.length;
      cell.style.height = `${rows * HEIGHT}px`;
      return row;
    };
    const rows = order.slice(first, last).map((number, at) => {
      const row = make("tr");
      row.setAttribute("aria-rowindex", String(first + at + 2));
      for (const name of names) {
        const value = get(name, number);
        const text = typeof value === "number" && !Number.isInteger(value) ? String(+value.toFixed(4)) : String(value ?? "");
        const cell = make("td", text, row);
        if (text.length > 40) cell.title = text;
        if (typeof value === "string") cell.className = "word";
      }
      return row;
    });
    body.replaceChildren(space(first), ...rows, space(order.length - last));
  };
  const choose = () => {
    const tests = input.value.toLowerCase().split(/\s+/).filter(Boolean).map((word) =>
      (name, value) => String(value ?? "").toLowerCase().includes(word));
    const told = tests.map(holding);
    for (const [name, values] of Object.entries(exact)) {
      told.push(holding((column, value) => column === name && values.includes(value)));
    }
    order = [];
    for (let row = 0; row < data.count; row++) if (told.every((one) => one[row])) order.push(row);
    if (sorting) {
      const values = order.map((row) => [get(sorting[0], row), row]);
      values.sort((one, other) => sorting[1] * compare(one[0], other[0]) || one[1] - other[1]);
      order = values.map((one) => one[1]);
    }
    count.textContent = `${order.length.toLocaleString("en")} of ${data.count.toLocaleString("en")} rows`;
    clear.hidden = !Object.keys(exact).length && !input.value;
    drawn = "";
    view.scrollTop = 0;
    draw();
  };
  sortable([...heads.cells], (column, down) => { sorting = [names[column], down]; choose(); });
  input.addEventListener("input", choose);
  clear.addEventListener("click", () => { exact = {}; input.value = ""; choose(); input.focus(); });
  view.addEventListener("scroll", draw, { passive: true });
  addEventListener("resize", draw);
  all("a[data-rows]").forEach((link) => link.addEventListener("click", () => {
    exact = JSON.parse(link.dataset.rows);
    input.value = "";
    choose();
  }));
  new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) { drawn = ""; draw(); } }).observe(view);
  choose();
})();
