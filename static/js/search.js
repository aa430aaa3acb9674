// Search (Ctrl-K): a combobox of results.
(() => {
  "use strict";
  const search = document.getElementById("search-dialog");
  if (!search) return;
  const input = search.querySelector("[role=combobox]");
  const list = search.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("a[role=option]")];
  let answered = "";
  let opening = false;
  const choose = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    option ? input.setAttribute("aria-activedescendant", option.id) : input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const chosen = () => list.querySelector("[aria-selected=true]");
  const open = () => {
    if (search.open) return;
    search.showModal();
    input.select();
    // Pages and actions, until something is typed.
    if (!input.value && !list.childElementCount) window.htmx?.trigger(input, "suggest");
  };
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-search-open]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    // Another dialog may contain unsaved changes.
    if (!document.querySelector("dialog[open]")) open();
  });
  search.addEventListener("click", (event) => {
    if (event.target === search) search.close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const results = options();
    const index = results.indexOf(chosen());
    const moves = { ArrowDown: index + 1, ArrowUp: index - 1 };
    if (event.key in moves && results.length) {
      event.preventDefault();
      choose(results[(moves[event.key] + results.length) % results.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      // If the results are outdated, opens the first one once they have been updated.
      if (answered === input.value) chosen()?.click();
      else opening = true;
    }
  });
  input.addEventListener("input", () => (opening = false));
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== list) return;
    answered = event.detail.requestConfig.parameters.q ?? "";
    input.setAttribute("aria-expanded", String(list.childElementCount > 0));
    choose(options()[0]);
    // The answer to an earlier text leaves the Enter pressed since then waiting.
    if (!opening || answered !== input.value) return;
    opening = false;
    chosen()?.click();
  });

  // --- G and a letter open a page of the menu. It can be turned off, because speech input may type letters -----------
  const PAGES = { d: "dashboard", c: "customers", r: "requests", p: "projects", t: "tasks", o: "domains", v: "contracts" };
  const SECONDS = 1.5;
  const choice = search.querySelector("[data-go]");
  choice.checked = localStorage.getItem("go") !== "off";
  choice.addEventListener("change", () => localStorage.setItem("go", choice.checked ? "on" : "off"));
  let started = -Infinity;
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey || event.isComposing;
    if (isTyping || !choice.checked || document.querySelector("dialog[open]")) return;
    const key = event.key.toLowerCase();
    const isSecond = event.timeStamp - started < SECONDS * 1000;
    started = key === "g" ? event.timeStamp : -Infinity;
    if (isSecond && key in PAGES) document.querySelector(`#sidebar a[href$="/${PAGES[key]}/"]`)?.click();
  });
})();
