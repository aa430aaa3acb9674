// Progressive enhancement: forms, menus and links also work without this script.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- Messages: screen readers announce them when they are added to the live region; success messages disappear -----
  const region = document.querySelector("[data-toasts]");
  const dismiss = (toast) => toast.remove();
  const show = (toast) => {
    region.append(toast);
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => dismiss(toast));
    // Messages in the page flow stay, because removing them would move the page.
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
  // Shows an error of a background request. Replaces the previous one.
  const showError = (text) => {
    if (!region) return;
    for (const toast of all("[data-error-toast]", region)) dismiss(toast);
    const toast = document.querySelector("[data-toast-template]").content.firstElementChild.cloneNode(true);
    toast.dataset.errorToast = "";
    toast.querySelector(".toast-text").textContent = text;
    // A modal dialog covers the page, so the message is moved into it.
    const modals = all("dialog[open]");
    if (modals.length) modals.at(-1).append(region);
    show(toast);
    if (getComputedStyle(region).position === "static") toast.scrollIntoView({ block: "nearest" });
  };
  const home = region?.parentElement;
  document.addEventListener("close", (event) => event.target.contains(region) && home.prepend(region), true);

  // --- Scrollable tabs: scroll to the current one --------------------------------------------------------------------
  for (const current of all(".tabs [aria-current]")) {
    const tabs = current.closest(".tabs");
    tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
  }

  // --- Menus (<details class="menu">): close on Escape, on a click elsewhere, and when they lose focus ---------------
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

  // --- Menu on phones: a drawer, which holds the focus while it is open ------------------------------------------------
  const drawer = document.getElementById("sidebar");
  if (drawer) {
    const opener = document.querySelector("[data-drawer-open]");
    const setOpen = (open) => {
      drawer.toggleAttribute("data-open", open);
      for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]])
        open ? drawer.setAttribute(name, value) : drawer.removeAttribute(name);
      for (const part of all(".skip-link, .shell-main")) part.inert = open;
    };
    const close = () => {
      if (!drawer.hasAttribute("data-open")) return;
      setOpen(false);
      opener.focus();
    };
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      setOpen(true);
      drawer.focus();
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-drawer-close]") && drawer.hasAttribute("data-open")) event.preventDefault();
      else if (drawer.contains(event.target) || event.target.closest("[data-drawer-open]")) return;
      close();
    });
    // Before the listener above, which closes a menu in the drawer.
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Escape" && !drawer.querySelector("details.menu[open]")) close();
      },
      true,
    );
    // Returning to the page, or turning the phone, finds it closed.
    window.addEventListener("pagehide", () => setOpen(false));
    matchMedia("(min-width: 992px)").addEventListener("change", () => setOpen(false));
  }

  // --- Theme ---------------------------------------------------------------------------------------------------------
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

  // --- Confirmation dialog for forms and buttons with data-confirm ---------------------------------------------------
  const confirmDialog = document.querySelector("[data-confirm-dialog]");
  let confirmed = null;
  const ask = (question, action, proceed, calm = false) => {
    confirmDialog.querySelector("[data-confirm-text]").textContent = question;
    const yes = confirmDialog.querySelector("[data-confirm-yes]");
    yes.textContent = action || yes.dataset.label;
    yes.classList.toggle("btn-danger", !calm);
    yes.classList.toggle("btn-primary", calm);
    yes.onclick = () => {
      confirmDialog.close();
      proceed();
    };
    confirmDialog.showModal();
  };

  // --- Block submission of incomplete date and number inputs, which browsers would submit as empty -------------------
  document.addEventListener(
    "submit",
    (event) => {
      const invalidField = [...event.target.elements].find((element) => element.validity?.badInput);
      if (!invalidField) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      invalidField.reportValidity();
    },
    true,
  );

  // --- Submission: ask for confirmation if necessary, and prevent double clicks --------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const confirmSource = [event.submitter, form].find((element) => element?.dataset.confirm);
    if (confirmSource && confirmDialog && confirmed !== form) {
      event.preventDefault();
      const submitter = event.submitter;
      const proceed = () => {
        confirmed = form;
        submitter ? form.requestSubmit(submitter) : form.requestSubmit();
      };
      const { confirm, confirmAction, confirmCalm } = confirmSource.dataset;
      ask(confirm, confirmAction || submitter?.textContent.trim(), proceed, confirmCalm !== undefined);
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
    // Downloads don't replace the page, so the form is released after a delay.
    setTimeout(release, 8000, form);
  });
  const release = (form) => {
    delete form.dataset.busy;
    for (const button of all("[aria-disabled=true]", form)) button.removeAttribute("aria-disabled");
  };
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) all("form[data-busy]").forEach(release);
  });

  // --- Create forms: keep the form number when the browser goes back to a form, so that it isn't submitted twice -----
  for (const input of all("input[name=form_number]")) {
    if (history.state?.formNumber) input.value = history.state.formNumber;
    else history.replaceState({ ...history.state, formNumber: input.value }, "");
  }

  // --- Unsaved changes: ask before leaving the page ------------------------------------------------------------------
  for (const form of all("[data-warn-unsaved] form[method=post]")) {
    let dirty = false;
    form.addEventListener("input", () => (dirty = true));
    form.addEventListener("submit", () => (dirty = false));
    window.addEventListener("beforeunload", (event) => {
      if (dirty) event.preventDefault();
    });
  }

  // --- Copy buttons --------------------------------------------------------------------------------------------------
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

  // --- Review author: preview of the typed name ----------------------------------------------------------------------
  for (const section of all("[data-author]")) {
    const input = section.querySelector("input[name=author]");
    const examples = all("[data-author-shown]", section).filter((shown) => ["full", "initial"].includes(shown.dataset.authorShown));
    const empty = new Map(examples.map((shown) => [shown, shown.textContent]));
    input.addEventListener("input", () => {
      const names = input.value.trim().split(/\s+/);
      const initial = names.length > 1 ? `${names[0]} ${[...names.at(-1)][0]}.` : names[0];
      for (const shown of examples)
        shown.textContent = (shown.dataset.authorShown === "full" ? names.join(" ") : initial) || empty.get(shown);
    });
  }

  // --- Focus the error summary, so that screen readers read it first -------------------------------------------------
  document.querySelector("[data-error-summary]")?.focus();

  // --- htmx: failed requests, redirects, filters ---------------------------------------------------------------------
  // Leaving the page aborts requests, which is not an error.
  let left = -Infinity;
  window.addEventListener("beforeunload", () => (left = Date.now()));
  const on = (name, listener) => document.body.addEventListener(`htmx:${name}`, listener);
  on("responseError", () => showError(region.dataset.failed));
  for (const name of ["sendError", "timeout"]) on(name, () => Date.now() - left > 3000 && showError(region.dataset.offline));
  on("beforeSwap", (event) => {
    // A redirect leads to the sign-in page, because the session has expired. It returns to this page.
    const { xhr, pathInfo } = event.detail;
    if (!xhr.responseURL || new URL(xhr.responseURL).pathname === new URL(pathInfo.requestPath, location.href).pathname) return;
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  });
  on("configRequest", (event) => {
    // Omits empty and default filter values from the URL.
    const { elt, parameters } = event.detail;
    if (!elt.closest("[data-filters]")) return;
    for (const [name, value] of Object.entries(parameters)) {
      const defaultValue = elt.closest("form").querySelector(`[data-default][data-name="${name}"]`)?.dataset.default ?? "";
      if (value === defaultValue || value === "") delete parameters[name];
    }
  });
  // Restores the focus in a replaced row, even if the focused button no longer exists.
  let row = "";
  on("beforeSwap", ({ detail }) => (row = detail.target.matches(".task") && detail.target.contains(document.activeElement) ? detail.target.id : ""));
  on("afterSettle", () => {
    if (row && document.activeElement === document.body) document.querySelector(`#${row} .task-check`)?.focus();
    row = "";
  });
  // Keeps the scroll position when a dialog reloads the page.
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

  // --- Forms in the dialog: pages loaded with htmx -------------------------------------------------------------------
  const dialog = document.getElementById("dialog");
  let isDirty = false;
  const confirmClose = (modal) => {
    if (modal !== dialog || !isDirty) modal.close();
    else
      ask(dialog.dataset.leave, dialog.dataset.leaveAction, () => {
        isDirty = false;
        dialog.close();
      });
  };
  on("afterSwap", (event) => {
    if (event.detail.target.id !== "dialog-body") return;
    const body = event.detail.target;
    isDirty = dialog.open && isDirty;
    dialog.setAttribute("aria-labelledby", "dialog-title");
    if (!dialog.open) dialog.showModal();
    const first = body.querySelector("[data-error-summary]") ?? body.querySelector("form :is(input:not([type=hidden]), select, textarea)");
    first?.focus();
  });
  dialog?.addEventListener("input", () => (isDirty = true));
  dialog?.addEventListener("cancel", (event) => {
    if (event.target !== dialog || !isDirty) return;
    event.preventDefault();
    confirmClose(dialog);
  });
  dialog?.addEventListener("close", () => {
    isDirty = false;
    dialog.removeAttribute("aria-labelledby");
    document.getElementById("dialog-body").replaceChildren();
  });
  document.addEventListener("click", (event) => {
    const closing = event.target.closest?.("[data-close-dialog], #dialog-body .form-actions a");
    if (!closing) return;
    event.preventDefault();
    confirmClose(closing.closest("dialog"));
  });

  // --- Search (Ctrl-K): a combobox of results ------------------------------------------------------------------------
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
    on("afterSwap", (event) => {
      if (event.detail.target !== list) return;
      answered = event.detail.requestConfig.parameters.q;
      input.setAttribute("aria-expanded", String(list.childElementCount > 0));
      choose(options()[0]);
      // The answer to an earlier text leaves the Enter pressed since then waiting.
      if (!opening || answered !== input.value) return;
      opening = false;
      chosen()?.click();
    });
  }

  // --- Public pages: a select that applies at once, and how many ratings are chosen ------------------------------------
  for (const form of all("[data-auto-submit]")) form.addEventListener("change", () => form.requestSubmit());
  for (const progress of all("[data-rated]")) {
    const form = progress.closest("form");
    const count = () => {
      const rated = form.querySelectorAll(".star-field:has(:checked)").length;
      progress.hidden = !rated;
      progress.textContent = progress.dataset.rated.replace("{done}", rated);
    };
    form.addEventListener("change", count);
    count();
  }
})();
