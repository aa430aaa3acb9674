// What makes the pages nicer. Nothing that matters depends on it: forms post, menus open and links lead without it.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- Messages: announced once they enter the live region; good news leaves by itself, errors stay -------------------
  const region = document.querySelector("[data-toasts]");
  const dismiss = (toast) => toast.remove();
  const show = (toast) => {
    region.append(toast);
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => dismiss(toast));
    // What stands in the page stays: if it left, the page below would jump.
    if (toast.dataset.stay !== undefined || getComputedStyle(region).position === "static") return;
    let timer = setTimeout(dismiss, 8000, toast);
    for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["pointerleave", "focusout"])
      toast.addEventListener(event, () => {
        clearTimeout(timer);
        timer = setTimeout(dismiss, 3000, toast);
      });
  };
  if (region) {
    const toasts = all(".toast-card", region);
    toasts.forEach((toast) => toast.remove());
    region.dataset.live = "";
    requestAnimationFrame(() => toasts.forEach(show));
  }
  // Something went wrong behind the page; said once, however often it is tried.
  const complain = (text) => {
    if (!region) return;
    for (const toast of all("[data-error-toast]", region)) dismiss(toast);
    const toast = document.querySelector("[data-toast-template]").content.firstElementChild.cloneNode(true);
    toast.dataset.errorToast = "";
    toast.querySelector(".toast-text").textContent = text;
    // What is modal covers the page: the message goes into it.
    const modals = all("dialog[open]");
    if (modals.length) modals.at(-1).append(region);
    show(toast);
    if (getComputedStyle(region).position === "static") toast.scrollIntoView({ block: "nearest" });
  };
  const home = region?.parentElement;
  document.addEventListener("close", (event) => event.target.contains(region) && home.prepend(region), true);

  // --- Tabs in a row that scrolls: the current one in view -------------------------------------------------------------
  for (const current of all(".tabs [aria-current]")) {
    const tabs = current.closest(".tabs");
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
  }

  // --- Menus (<details class="menu">): closed by Escape, by a click elsewhere, and when the focus has left ---------------
  const openMenus = () => all("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
  });

  // --- Light or dark --------------------------------------------------------------------------------------------------
  const showTheme = () => {
    for (const button of all("[data-theme-choice]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === document.documentElement.dataset.theme));
  };
  showTheme();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    window.portalTheme.set(button.dataset.themeChoice);
    showTheme();
  });

  // --- “Are you sure?”: one <dialog> for any form or button with data-confirm ------------------------------------------
  const dialog = document.querySelector("[data-confirm-dialog]");
  let confirmed = null;
  const ask = (question, action, then, calm = false) => {
    dialog.querySelector("[data-confirm-text]").textContent = question;
    const yes = dialog.querySelector("[data-confirm-yes]");
    yes.textContent = action || yes.dataset.label;
    yes.classList.toggle("btn-danger", !calm);
    yes.classList.toggle("btn-primary", calm);
    yes.onclick = () => {
      dialog.close();
      then();
    };
    dialog.showModal();
  };

  // --- A date or number that is typed by half: the browser would send nothing for it, and nobody would be told -----------
  document.addEventListener(
    "submit",
    (event) => {
      const half = [...event.target.elements].find((element) => element.validity?.badInput);
      if (!half) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      half.reportValidity();
    },
    true,
  );

  // --- Submitting: ask first where asked to, and send once --------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asking = [event.submitter, form].find((element) => element?.dataset.confirm);
    if (asking && dialog && confirmed !== form) {
      event.preventDefault();
      const submitter = event.submitter;
      const goOn = () => {
        confirmed = form;
        submitter ? form.requestSubmit(submitter) : form.requestSubmit();
      };
      const { confirm, confirmAction, confirmCalm } = asking.dataset;
      ask(confirm, confirmAction || submitter?.textContent.trim(), goOn, confirmCalm !== undefined);
      return;
    }
    confirmed = null;
    if (form.dataset.busy !== undefined) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.target === "_blank") return;
    form.dataset.busy = "";
    event.submitter?.setAttribute("aria-disabled", "true");
    // A download leaves the page as it is: let go again after a while.
    setTimeout(release, 8000, form);
  });
  const release = (form) => {
    delete form.dataset.busy;
    for (const button of all("[aria-disabled=true]", form)) button.removeAttribute("aria-disabled");
  };
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[data-busy]").forEach(release);
  });

  // --- Forms that add something: going back loads them anew with what was typed; they remain the same form -----------------
  for (const input of all("input[name=form_number]")) {
    if (history.state?.formNumber) input.value = history.state.formNumber;
    else history.replaceState({ ...history.state, formNumber: input.value }, "");
  }

  // --- Typed and not saved: ask before leaving ----------------------------------------------------------------------------
  for (const form of all("[data-warn-unsaved] form[method=post]")) {
    let dirty = false;
    form.addEventListener("input", () => (dirty = true));
    form.addEventListener("submit", () => (dirty = false));
    window.addEventListener("beforeunload", (event) => {
      if (dirty) event.preventDefault();
    });
  }

  // --- Copy: the button says what it did -------------------------------------------------------------------------------
  for (const button of all("[data-copy]")) {
    const label = button.querySelector("[data-copy-label]");
    const before = label.textContent;
    button.addEventListener("click", async () => {
      const input = document.getElementById(button.dataset.copy);
      input.select();
      try {
        await navigator.clipboard.writeText(input.value);
      } catch {
        document.execCommand("copy"); // No clipboard without https.
      }
      label.textContent = button.dataset.copied;
      setTimeout(() => (label.textContent = before), 2500);
    });
  }

  // --- A review's author: how the name being typed will be shown ----------------------------------------------------------
  for (const place of all("[data-author]")) {
    const input = place.querySelector("input[name=author]");
    const examples = all("[data-author-shown]", place).filter((shown) => ["full", "initial"].includes(shown.dataset.authorShown));
    const empty = new Map(examples.map((shown) => [shown, shown.textContent]));
    input.addEventListener("input", () => {
      const names = input.value.trim().split(/\s+/);
      const initial = names.length > 1 ? `${names[0]} ${[...names.at(-1)][0]}.` : names[0];
      for (const shown of examples)
        shown.textContent = (shown.dataset.authorShown === "full" ? names.join(" ") : initial) || empty.get(shown);
    });
  }

  // --- The summary of errors is read first -------------------------------------------------------------------------------
  document.querySelector("[data-error-summary]")?.focus();

  // --- htmx: what it fetched has moved, failed, or is empty ----------------------------------------------------------------
  // Going elsewhere cuts off what is being fetched: that is no failure.
  let left = -Infinity;
  window.addEventListener("beforeunload", () => (left = Date.now()));
  const on = (name, listener) => document.body.addEventListener(`htmx:${name}`, listener);
  on("responseError", () => complain(region.dataset.failed));
  for (const name of ["sendError", "timeout"]) on(name, () => Date.now() - left > 3000 && complain(region.dataset.offline));
  on("beforeSwap", (event) => {
    // Sent elsewhere: the session has ended, and this is the page to sign in. The person is taken there, and back afterwards.
    const { xhr, pathInfo } = event.detail;
    if (!xhr.responseURL || new URL(xhr.responseURL).pathname === new URL(pathInfo.requestPath, location.href).pathname) return;
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  });
  on("configRequest", (event) => {
    // The address of a list names only what was chosen: neither what is empty nor what is usual.
    const { elt, parameters } = event.detail;
    if (!elt.closest("[data-filters]")) return;
    for (const [name, value] of Object.entries(parameters)) {
      const usual = elt.closest("form").querySelector(`[data-default][data-name="${name}"]`)?.dataset.default ?? "";
      if (value === usual || value === "") delete parameters[name];
    }
  });
  // A row that is drawn anew keeps the focus, even where the button that had it is gone.
  let row = "";
  on("beforeSwap", ({ detail }) => (row = detail.target.matches(".task") && detail.target.contains(document.activeElement) ? detail.target.id : ""));
  on("afterSettle", () => {
    if (row && document.activeElement === document.body) document.querySelector(`#${row} .task-check`)?.focus();
    row = "";
  });
  // A page that is loaded again because of a dialog keeps its scroll position.
  on("beforeOnLoad", (event) => {
    const target = event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!target) return;
    const { pathname, search } = new URL(target, location.href);
    if (pathname === location.pathname && search === location.search)
      sessionStorage.setItem("scroll", JSON.stringify([location.pathname, scrollY]));
  });
  const [scrolledPath, scrolled] = JSON.parse(sessionStorage.getItem("scroll") ?? "[]");
  sessionStorage.removeItem("scroll");
  if (scrolledPath === location.pathname) scrollTo(0, scrolled);

  // --- Adding and changing in place: the page of the form, in the dialog -----------------------------------------------------
  const place = document.getElementById("dialog");
  let typed = false;
  const leave = (modal) => {
    if (modal !== place || !typed) modal.close();
    else
      ask(place.dataset.leave, place.dataset.leaveAction, () => {
        typed = false;
        place.close();
      });
  };
  on("afterSwap", (event) => {
    if (event.detail.target.id !== "dialog-body") return;
    const body = event.detail.target;
    typed = place.open && typed;
    place.setAttribute("aria-labelledby", "dialog-title");
    if (!place.open) place.showModal();
    const first = body.querySelector("[data-error-summary]") ?? body.querySelector("form :is(input:not([type=hidden]), select, textarea)");
    first?.focus();
  });
  place?.addEventListener("input", () => (typed = true));
  place?.addEventListener("cancel", (event) => {
    if (event.target !== place || !typed) return;
    event.preventDefault();
    leave(place);
  });
  place?.addEventListener("close", () => {
    typed = false;
    place.removeAttribute("aria-labelledby");
    document.getElementById("dialog-body").replaceChildren();
  });
  document.addEventListener("click", (event) => {
    const closing = event.target.closest?.("[data-close-dialog], #dialog-body .form-actions a");
    if (!closing) return;
    event.preventDefault();
    leave(closing.closest("dialog"));
  });

  // --- Search (Ctrl-K): a combobox over the hits of all kinds -----------------------------------------------------------------
  const search = document.getElementById("search-dialog");
  if (search) {
    const input = search.querySelector("[role=combobox]");
    const list = search.querySelector("[role=listbox]");
    const options = () => all("a[role=option]", list);
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
      // Another dialog may hold something that is not saved yet.
      if (!document.querySelector("dialog[open]")) open();
    });
    search.addEventListener("click", (event) => {
      if (event.target === search) search.close();
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const found = options();
      const at = found.indexOf(chosen());
      const moves = { ArrowDown: at + 1, ArrowUp: at - 1 };
      if (event.key in moves && found.length) {
        event.preventDefault();
        choose(found[(moves[event.key] + found.length) % found.length]);
      } else if (event.key === "Enter") {
        event.preventDefault();
        // Who types fast means the hits of what is typed now, not those of a moment ago.
        if (answered === input.value) chosen()?.click();
        else opening = true;
      }
    });
    input.addEventListener("input", () => (opening = false));
    on("afterSwap", (event) => {
      if (event.detail.target !== list) return;
      answered = event.detail.requestConfig.parameters.q;
      input.setAttribute("aria-expanded", String(list.childElementCount > 0));
      choose(options()[0]);
      if (opening && answered === input.value) chosen()?.click();
      opening = false;
    });
  }
})();
