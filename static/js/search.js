// Search (Ctrl-K): a combobox of results.
(() => {
  "use strict";
  const search = document.getElementById("search-dialog");
  if (!search) return;
  const input = search.querySelector("[role=combobox]");
  const list = search.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("a[role=option]")];
  // The pages that a letter after G opens.
  const PAGES = { d: "dashboard", c: "customers", r: "requests", p: "projects", t: "tasks", o: "domains", v: "contracts" };
  let answered = "";
  let opening = false;
  const choose = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    option ? input.setAttribute("aria-activedescendant", option.id) : input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const chosen = () => list.querySelector("[aria-selected=true]");
  const make = (tag, className, ...children) => {
    const element = document.createElement(tag);
    element.className = className;
    element.append(...children);
    return element;
  };
  // The pages of the menu with their keys, until something is typed.
  const suggest = () => {
    const title = make("div", "search-group", list.dataset.pages);
    const group = make("div", "", title);
    title.id = "hits-pages";
    group.setAttribute("role", "group");
    group.setAttribute("aria-labelledby", title.id);
    for (const [index, link] of document.querySelectorAll("#sidebar a.sidebar-link").entries()) {
      const label = make("span", "search-hit-title", link.querySelector(".sidebar-label").textContent);
      const option = make("a", "search-hit", link.querySelector(".icon").cloneNode(true), label);
      Object.assign(option, { id: `hit-page-${index}`, href: link.href, tabIndex: -1 });
      option.setAttribute("role", "option");
      const letter = Object.keys(PAGES).find((key) => link.pathname.endsWith(`/${PAGES[key]}/`));
      if (letter) {
        option.append(make("span", "search-hit-note", make("kbd", "", "G"), " ", make("kbd", "", letter.toUpperCase())));
        option.lastChild.ariaHidden = "true";
      }
      group.append(option);
    }
    list.replaceChildren(group);
    input.setAttribute("aria-expanded", "true");
    answered = "";
    choose(options()[0]);
  };
  const open = () => {
    if (search.open) return;
    search.showModal();
    input.select();
    if (!input.value) suggest();
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
    if (!answered) return suggest();
    input.setAttribute("aria-expanded", String(list.childElementCount > 0));
    choose(options()[0]);
    // The answer to an earlier text leaves the Enter pressed since then waiting.
    if (!opening || answered !== input.value) return;
    opening = false;
    chosen()?.click();
  });

  // --- G and a letter open a page of the menu. It can be turned off, because speech input may type letters -----------
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
