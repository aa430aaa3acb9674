// Selection of rows in the customers list. Without this script, the form below the list has the same checkboxes.
(() => {
  "use strict";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const STORE = "bulk";
  const form = () => document.querySelector("[data-bulk]");
  const boxes = () => all("input[name=c][form=bulk]");

  // The selection is kept while paging through the list, until its filters change.
  const filtersOf = (bar) => {
    const query = new URLSearchParams(new FormData(bar));
    for (const name of ["c", "all", "action", "sort", "columns"]) query.delete(name);
    return query.toString();
  };
  let selected = new Set();
  const load = (bar) => {
    const stored = JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
    selected = new Set(stored.filters === filtersOf(bar) ? stored.numbers : []);
  };
  const save = (bar) => sessionStorage.setItem(STORE, JSON.stringify({ filters: filtersOf(bar), numbers: [...selected] }));

  const show = (bar) => {
    const isAll = bar.elements.all.checked;
    for (const box of boxes()) {
      box.checked = isAll || selected.has(box.value);
      box.disabled = isAll;
    }
    bar.toggleAttribute("data-open", isAll || selected.size > 0);
    const page = document.querySelector("[data-bulk-page]");
    const checked = boxes().filter((box) => box.checked).length;
    page.checked = checked === boxes().length;
    page.indeterminate = checked > 0 && !page.checked;
    page.disabled = isAll;
    const count = bar.querySelector("[data-bulk-count]");
    count.textContent = isAll ? "" : count.dataset.bulkCount.replace("{number}", selected.size);
  };
  const start = () => {
    const bar = form();
    if (!bar) return;
    load(bar);
    show(bar);
  };

  document.addEventListener("change", ({ target }) => {
    const bar = form();
    if (!bar) return;
    const changed = target.matches("[data-bulk-page]") ? boxes() : target.matches("[name=c][form=bulk]") ? [target] : [];
    for (const box of changed) selected[target.checked ? "add" : "delete"](box.value);
    if (!changed.length && target !== bar.elements.all) return;
    save(bar);
    show(bar);
  });
  document.addEventListener("click", ({ target }) => {
    const bar = form();
    if (!bar || !target.closest("[data-bulk-clear]")) return;
    selected.clear();
    bar.elements.all.checked = false;
    save(bar);
    show(bar);
    document.querySelector("[data-bulk-page]")?.focus();
  });
  // Rows on other pages are selected, too.
  document.addEventListener("formdata", ({ target, formData }) => {
    if (target !== form()) return;
    const shown = new Set(boxes().map((box) => box.value));
    for (const number of selected) if (!formData.has("all") && !shown.has(number)) formData.append("c", number);
  });
  // Starting the action ends the selection.
  document.addEventListener("submit", ({ submitter }) => submitter?.name === "confirm" && sessionStorage.removeItem(STORE));
  document.addEventListener("htmx:afterSwap", start);
  window.addEventListener("pageshow", start);
  start();
})();
