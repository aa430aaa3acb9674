// Progressive enhancement: forms, menus and links also work without this script.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Prepares the elements of the page, and again those of a page that htmx swapped in.
  const setups = [];
  const setUp = (setup) => {
    setups.push(setup);
    setup(document);
  };

  // --- Messages: screen readers announce them when they are added to the live region; success messages disappear -----
  let region, home;
  const dismiss = (toast) => toast.remove();
  const show = (toast) => {
    region.append(toast);
    toast.querySelector("[data-dismiss]")?.addEventListener("click", () => dismiss(toast));
    // Messages in the page flow stay, because removing them would move the page.
    if (toast.dataset.stay !== undefined || getComputedStyle(region).position === "static") return;
    let timer = setTimeout(dismiss, toast.querySelector("form") ? 20000 : 8000, toast);
    for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
    for (const event of ["pointerleave", "focusout"])
      toast.addEventListener(event, () => {
        clearTimeout(timer);
        timer = setTimeout(dismiss, 3000, toast);
      });
  };
  setUp((root) => {
    region = root.querySelector("[data-toasts]");
    if (!region) return;
    home = region.parentElement;
    const toasts = all(".toast-card", region);
    toasts.forEach((toast) => toast.remove());
    region.dataset.live = "";
    requestAnimationFrame(() => toasts.forEach(show));
  });
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
  document.addEventListener("close", (event) => event.target.contains(region) && home.prepend(region), true);

  // --- Scrollable tabs: scroll to the current one --------------------------------------------------------------------
  setUp((root) => {
    for (const current of all(".tabs [aria-current]", root)) {
      const tabs = current.closest(".tabs");
      tabs.scrollLeft = current.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - current.offsetWidth) / 2;
    }
  });

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
  setUp(showTheme);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    window.portalTheme.set(button.dataset.themeChoice);
    showTheme();
  });

  const dialog = document.getElementById("dialog");

  // --- Focus: after a dialog, and after an action that shows the page again ------------------------------------------
  const isShown = (element) => Boolean(element?.isConnected && element.checkVisibility());
  // What the user sees of an element: the button of its menu, which closes when the focus leaves it.
  const handleOf = (element) => element.closest("details.menu")?.querySelector("summary") ?? element;
  const openers = new Map();
  const openDialog = (modal, opener = document.activeElement) => {
    openers.set(modal, handleOf(opener));
    modal.showModal();
  };
  document.addEventListener(
    "close",
    ({ target }) => {
      if (isShown(openers.get(target))) openers.get(target).focus();
      openers.delete(target);
    },
    true,
  );
  const ROWS = "li, tr, article";
  const keyOf = (element) => element.getAttribute("hx-get") ?? element.getAttribute("formaction") ?? element.closest("form")?.getAttribute("action");
  const OPENS_DIALOG = "[hx-get][hx-target='#dialog-body'], [hx-target='#dialog-body'] [hx-get]";
  const keyed = () => all(`:is(${OPENS_DIALOG}, [formaction], form[method=post][action])`, document.getElementById("main"));
  const listOf = (element) => element.closest("section[aria-labelledby], #results");
  // Describes where an element is, so that its place is found on the refreshed page.
  const placeOf = (element) => {
    const row = element.closest(ROWS);
    const list = listOf(element);
    return {
      key: keyOf(element),
      keys: row || !element.matches("a") ? null : keyed().map(keyOf),
      row: row?.id,
      index: row ? [...row.parentElement.children].indexOf(row) : -1,
      list: list?.getAttribute("aria-labelledby") ?? list?.id,
      isMenu: handleOf(element) !== element,
    };
  };
  const focusElement = (element) => {
    if (!isShown(element)) return false;
    if (element.tabIndex < 0 && !element.hasAttribute("tabindex")) element.tabIndex = -1;
    element.focus({ preventScroll: element.id === "main" });
    return document.activeElement === element;
  };
  const focusRow = (row, isMenu) =>
    [isMenu && row?.querySelector(".row-menu > summary"), row?.querySelector("a[href], summary, button"), row].some(
      (element) => element && focusElement(element),
    );
  const focusPlace = ({ key, keys, row, index, list: listId, isMenu }) => {
    const added = keys && keyed().find((element) => element.matches("a") && element.closest(ROWS) && !keys.includes(keyOf(element)) && isShown(element));
    if (added && focusElement(added)) return;
    const same = keyed().filter((element) => keyOf(element) === key).map((element) => (element.matches("form") ? element.querySelector("button") : element));
    const opener = same.find((element) => (handleOf(element) !== element) === isMenu) ?? same[0];
    if (opener && focusElement(handleOf(opener))) return;
    if (row && focusRow(document.getElementById(row), isMenu)) return;
    if (focusElement(region?.querySelector(".toast-undo"))) return;
    const heading = listId && document.getElementById(listId);
    const list = heading && (listOf(heading) ?? heading);
    if (index >= 0 && list) {
      const rows = all(ROWS, list).filter((element) => element.querySelector(".row-main, .row-link, .row-title"));
      if (focusRow(rows[Math.min(index, rows.length - 1)], isMenu)) return;
    }
    if (focusElement(list?.querySelector(".panel-head a, .panel-head button")) || focusElement(heading)) return;
    // The last row of a kind is gone, and its section with it.
    const kind = key?.split("/")[1];
    if (kind && focusElement(document.querySelector(`#main [hx-get$="/${kind}/add/"]`))) return;
    focusElement(document.getElementById("main"));
  };
  // Plain forms load the page again; the place waits in the session.
  const rememberPlace = (element) => {
    const source = dialog?.contains(element) ? dialogSource : element;
    if (source.closest("main")) sessionStorage.setItem("place", JSON.stringify({ path: location.pathname, top: scrollY, ...placeOf(source) }));
  };
  const remembered = JSON.parse(sessionStorage.getItem("place") ?? "{}");
  sessionStorage.removeItem("place");
  if (remembered.path === location.pathname && !document.querySelector("[data-error-summary]")) {
    scrollTo(0, remembered.top);
    // After the messages, one of which may contain the button that undoes the action.
    requestAnimationFrame(() => focusPlace({ ...remembered, row: location.hash.slice(1) || remembered.row }));
  }

  // --- Confirmation dialog for forms and buttons with data-confirm ---------------------------------------------------
  const confirmDialog = document.querySelector("[data-confirm-dialog]");
  let confirmed = null;
  const ask = (question, action, proceed, { calm = false, title = action, keep = "" } = {}) => {
    const yes = confirmDialog.querySelector("[data-confirm-yes]");
    const no = confirmDialog.querySelector("[data-confirm-no]");
    confirmDialog.querySelector("[data-confirm-title]").textContent = title;
    confirmDialog.querySelector("[data-confirm-text]").textContent = question;
    yes.textContent = action;
    no.textContent = keep || no.dataset.label;
    yes.classList.toggle("btn-danger", !calm);
    yes.classList.toggle("btn-primary", calm);
    yes.onclick = () => {
      openers.delete(confirmDialog);
      confirmDialog.close();
      proceed();
    };
    openDialog(confirmDialog);
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
        if (form.matches("[hx-trigger=confirmed]") && window.htmx) return htmx.trigger(form, "confirmed");
        confirmed = form;
        submitter ? form.requestSubmit(submitter) : form.requestSubmit();
      };
      const { confirm, confirmAction, confirmCalm } = confirmSource.dataset;
      ask(confirm, confirmAction ?? submitter?.textContent.trim(), proceed, { calm: confirmCalm !== undefined });
      return;
    }
    confirmed = null;
    if (form.dataset.busy !== undefined) {
      event.preventDefault();
      return;
    }
    if (event.defaultPrevented || form.target === "_blank") return;
    // Buttons of rows and menus lead back to the same place of the page; forms that are filled in start at its top.
    if (form.method === "post" && !form.querySelector("input:not([type=hidden]), select, textarea")) rememberPlace(event.submitter ?? form);
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

  // --- Unsaved changes: ask before leaving the page, also if htmx replaced the form ----------------------------------
  for (const name of ["input", "submit"])
    document.addEventListener(name, (event) => {
      if (!event.defaultPrevented) event.target.closest("[data-warn-unsaved]")?.toggleAttribute("data-unsaved", name === "input");
    });
  window.addEventListener("beforeunload", (event) => document.querySelector("[data-unsaved]") && event.preventDefault());

  // --- Copy buttons --------------------------------------------------------------------------------------------------
  setUp((root) => {
    for (const button of all("[data-copy]", root)) {
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
  });

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
  on("beforeSwap", ({ detail }) => (row = detail.target.matches("li[id]") && detail.target.contains(document.activeElement) ? detail.target.id : ""));
  on("afterSettle", () => {
    if (row && document.activeElement === document.body) focusRow(document.getElementById(row));
    row = "";
  });
  // An action that shows its page again: its messages are new, and the page's own focus.
  on("afterSwap", ({ detail }) => {
    if (detail.target.id !== "main") return;
    const main = document.getElementById("main");
    setups.forEach((setup) => setup(main));
    if (document.activeElement === document.body) focusElement(main);
  });
  // A dialog that leads back to this page refreshes it in place.
  on("beforeOnLoad", (event) => {
    const target = event.detail.xhr.getResponseHeader("HX-Redirect");
    const opener = openers.get(dialog);
    if (!target || !opener) return;
    const { pathname, search } = new URL(target, location.href);
    if (pathname !== location.pathname || search !== location.search) return;
    event.preventDefault();
    const place = placeOf(dialogSource);
    openers.delete(dialog);
    isDirty = false;
    dialog.close();
    const part = document.querySelector(".shell") ? ".shell" : "#main";
    htmx.ajax("GET", pathname + search, { target: part, select: part, swap: "outerHTML" }).then(() => {
      setups.forEach((setup) => setup(document.querySelector(part)));
      requestAnimationFrame(() => focusPlace(place));
    });
  });

  // --- Forms in the dialog: pages loaded with htmx -------------------------------------------------------------------
  let isDirty = false;
  // The element that opened the dialog.
  let dialogSource = null;
  on("beforeRequest", ({ detail }) => {
    if (detail.target.id === "dialog-body" && !dialog.open) dialogSource = detail.elt;
  });
  const confirmClose = (modal) => {
    if (modal !== dialog || !isDirty) modal.close();
    else
      ask(
        dialog.dataset.leave,
        dialog.dataset.leaveAction,
        () => {
          isDirty = false;
          dialog.close();
        },
        { title: dialog.dataset.leaveTitle, keep: dialog.dataset.leaveKeep },
      );
  };
  on("afterSwap", (event) => {
    if (event.detail.target.id !== "dialog-body") return;
    const body = event.detail.target;
    isDirty = dialog.open && isDirty;
    dialog.setAttribute("aria-labelledby", "dialog-title");
    if (!dialog.open) openDialog(dialog, dialogSource);
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
