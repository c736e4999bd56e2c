(() => {
  "use strict";
  const root = document.documentElement;

  // The reader's theme outlives a visit where the browser lets a page store it; some refuse to on file://.
  const store = {
    get() { try { return localStorage.getItem("theme"); } catch { return null; } },
    set(theme) { try { localStorage.setItem("theme", theme); } catch { /* kept for this visit only */ } },
  };
  const kept = store.get();
  if (kept === "light" || kept === "dark") root.dataset.theme = kept;

  const isDark = () => root.dataset.theme === "dark" ||
    (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);

  function offerTheme(button) {
    const name = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      store.set(root.dataset.theme);
      name();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
    name();
    button.hidden = false;
  }

  // Missing values come last in both directions; rows that tie keep their order.
  function compare(one, other, sign) {
    if (typeof one === "string") return sign * words.compare(one, other);
    if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
    return sign * (one - other);
  }
  const words = new Intl.Collator("en");

  function key(row, head) {
    const cell = row.cells[head.cellIndex];
    if (head.dataset.kind === "text") return cell.textContent.trim();
    return parseFloat((cell.dataset.value ?? cell.textContent).replaceAll(",", "").replace("−", "-"));
  }

  function sort(table, head, order) {
    const sign = order === "ascending" ? 1 : -1;
    for (const body of table.tBodies) {
      const group = [...body.rows].filter((row) => row.classList.contains("group"));
      const rows = [...body.rows].slice(group.length);
      const keyed = rows.map((row) => [key(row, head), row]);
      keyed.sort(([one], [other]) => compare(one, other, sign));
      body.replaceChildren(...group, ...keyed.map(([, row]) => row));
    }
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
  }

  function offerSorting(table, status, show) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const back = { ascending: "descending", descending: "ascending" };
        const now = head.getAttribute("aria-sort");
        const order = now ? back[now] : head.dataset.first;
        sort(table, head, order);
        show();
        status.textContent = `Sorted by ${head.dataset.name}, ${order}.`;
      });
    }
    table.classList.add("sortable");
  }

  // What rows can be chosen by besides their words: the attribute that holds it, several apart by "|".
  const MOST = 100;  // rows that are shown at once, until somebody asks for all
  const KINDS = [["family", "Family"], ["can", "Can"], ["standing", "Standing"]];

  function labelled(text, control, id) {
    const [field, label] = [document.createElement("span"), document.createElement("label")];
    label.textContent = text;
    label.htmlFor = control.id = id;
    field.append(label, control);
    return field;
  }

  function choice(rows, attribute) {
    const found = new Set([...rows].flatMap((row) => row.dataset[attribute].split("|")).filter(Boolean));
    const select = document.createElement("select");
    select.add(new Option("any", ""));
    for (const value of [...found].sort(words.compare)) select.add(new Option(value, value));
    return select;
  }

  // The words of a row are its name, its family, its marks, its tiers: any of them finds it. They are read once.
  function offerFilters(table, status) {
    const body = table.querySelector("tbody:not(.controls)");
    if (!body || body.rows.length < 2) return () => {};
    const rows = [...body.rows];
    const selects = KINDS.map(([attribute]) => choice(rows, attribute));
    const input = document.createElement("input");
    input.type = "search";
    input.placeholder = "name, mark, tier 2";
    const read = new Map();
    const text = (row) => {
      if (!read.has(row)) read.set(row, row.textContent.replace(/\s+/g, " ").toLowerCase());
      return read.get(row);
    };
    let most = MOST;
    const show = () => {
      const wanted = input.value.trim().toLowerCase();
      const has = (row) => KINDS.every(([attribute], i) =>
        !selects[i].value || row.dataset[attribute].split("|").includes(selects[i].value));
      let found = 0;
      for (const row of body.rows) {
        row.hidden = !(has(row) && (!wanted || text(row).includes(wanted)));
        found += !row.hidden;
        row.classList.toggle("later", found > most);
      }
      const shown = Math.min(found, most);
      all.hidden = shown === rows.length;
      return `${found} of ${rows.length} candidates${shown < found ? `, the first ${shown} of them shown` : ""}.`;
    };
    const tell = () => { status.textContent = show(); };
    const all = document.createElement("button");
    all.type = "button";
    all.textContent = "Show all";
    all.hidden = true;
    const clear = () => {
      for (const control of [input, ...selects]) control.value = "";
      most = Infinity;
      tell();
    };
    all.addEventListener("click", () => { clear(); input.focus(); });
    input.addEventListener("input", tell);
    input.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
    const box = document.createElement("div");
    box.className = "filters";
    box.append(labelled("Show candidates with", input, "filter-words"));
    KINDS.forEach(([attribute, words], i) => {
      selects[i].addEventListener("change", tell);
      if (selects[i].options.length > 2) box.append(labelled(words, selects[i], `filter-${attribute}`));
    });
    box.append(all);
    table.closest(".scroll").before(box);
    // Whoever comes to a row from a chart finds it, also where the filters have left it out.
    window.addEventListener("hashchange", () => {
      const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (row?.matches(".later, [hidden]")) { clear(); row.scrollIntoView(); }
    });
    if (rows.length > most) tell();
    return show;
  }

  // On a phone each cell says which score it is; those of further scores are told so when somebody asks for them.
  function offerScores(table) {
    const heads = [...table.tHead.rows[0].cells];
    const name = () => {
      for (const body of table.tBodies) {
        for (const row of body.rows) {
          heads.forEach((head, i) => { if (i && row.cells[i]) row.cells[i].dataset.head ||= head.dataset.name; });
        }
      }
    };
    document.querySelector(".chooser")?.addEventListener("change", name, { once: true });
  }

  // The name of a mark that somebody points at, where it does not stand beside it.
  function tip(mark, on) {
    const chart = mark.closest("svg");
    chart.querySelector(".tip")?.remove();
    const [name, named] = [mark.querySelector("title").textContent.replace(/: [^:]*$/, ""), mark.querySelector(".name")];
    if (!on || named?.textContent === name) return;
    const [text, use] = [document.createElementNS(chart.namespaceURI, "text"), mark.querySelector("use")];
    const [x, y] = ["x", "y"].map((side) => parseFloat(use.getAttribute(side)) + 7);
    const left = x > chart.viewBox.baseVal.width / 2;
    text.setAttribute("class", "tip");
    text.setAttribute("aria-hidden", "true");
    text.setAttribute("x", x + (left ? -9 : 9));
    text.setAttribute("y", Math.max(22, y - 8));
    text.setAttribute("text-anchor", left ? "end" : "start");
    text.textContent = name.length > 24 ? `${name.slice(0, 23)}…` : name;
    chart.append(text);
  }

  // A chart is one stop of the tab key: the arrows go from mark to mark, from left to right, and light up its others.
  function offerMarks(charts) {
    const all = charts.flatMap((chart) => [...chart.querySelectorAll(".mark")]);
    const address = (mark) => mark.getAttribute("href");
    const light = (mark, on) => {
      for (const other of all) if (address(other) === address(mark)) other.classList.toggle("lit", on);
      tip(mark, on);
    };
    for (const mark of all) {
      for (const event of ["pointerenter", "focus"]) mark.addEventListener(event, () => light(mark, true));
      for (const event of ["pointerleave", "blur"]) mark.addEventListener(event, () => light(mark, false));
    }
    for (const chart of charts) {
      const x = (mark) => parseFloat(mark.querySelector("use").getAttribute("x"));
      const marks = [...chart.querySelectorAll(".mark")].sort((one, other) => x(one) - x(other));
      marks.forEach((mark, i) => mark.setAttribute("tabindex", i ? "-1" : "0"));
      chart.addEventListener("keydown", (event) => {
        const to = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
        const at = marks.indexOf(document.activeElement);
        if (!to || at < 0) return;
        event.preventDefault();
        const next = marks[(at + to + marks.length) % marks.length];
        marks[at].setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      });
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    offerTheme(document.getElementById("theme"));
    const [board, status] = ["board", "status"].map((id) => document.getElementById(id));
    if (board) {
      offerSorting(board, status, offerFilters(board, status));
      offerScores(board);
    }
    offerMarks([...document.querySelectorAll("svg.chart")]);
  });
})();
