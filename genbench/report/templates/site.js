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
  function compare(one, other, kind, sign) {
    if (kind === "text") return sign * one.textContent.trim().localeCompare(other.textContent.trim());
    const [a, b] = [one, other].map((cell) => parseFloat(cell.dataset.value));
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  }

  function sort(table, head, order) {
    const sign = order === "ascending" ? 1 : -1;
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
      rows.sort((a, b) => compare(a.cells[head.cellIndex], b.cells[head.cellIndex], head.dataset.kind, sign));
      body.append(...rows);
    }
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
  }

  function offerSorting(table, status) {
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
        status.textContent = `Sorted by ${head.dataset.name}, ${order}.`;
      });
    }
    table.classList.add("sortable");
  }

  // The words of a row are its name, its family, its marks, its tiers: any of them finds it.
  function offerFilter(table, status) {
    const body = table.querySelector("tbody:not(.controls)");
    if (!body) return;
    const label = document.createElement("label");
    const input = document.createElement("input");
    label.className = "filter";
    input.type = "search";
    input.placeholder = "name, family, tier 1, conditional";
    label.append("Show candidates with", input);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of body.rows) row.hidden = !row.textContent.replace(/\s+/g, " ").toLowerCase().includes(wanted);
      const shown = [...body.rows].filter((row) => !row.hidden).length;
      status.textContent = `${shown} of ${body.rows.length} candidates.`;
    });
    table.closest(".scroll").before(label);
  }

  document.addEventListener("DOMContentLoaded", () => {
    offerTheme(document.getElementById("theme"));
    const [board, status] = ["board", "status"].map((id) => document.getElementById(id));
    if (!board) return;
    offerSorting(board, status);
    offerFilter(board, status);
  });
})();
