// What makes the pages nicer. Nothing that matters depends on it: forms post, menus open and links lead without it.
(() => {
  "use strict";
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- Messages: announced once they enter the live region; good news leaves by itself, errors stay -------------------
  const region = document.querySelector("[data-toasts]");
  if (region) {
    const toasts = all(".toast-card", region);
    toasts.forEach((toast) => toast.remove());
    region.dataset.live = "";
    const dismiss = (toast) => toast.remove();
    requestAnimationFrame(() => {
      for (const toast of toasts) {
        region.append(toast);
        toast.querySelector("[data-dismiss]")?.addEventListener("click", () => dismiss(toast));
        if (toast.dataset.stay === undefined) {
          let timer = setTimeout(dismiss, 8000, toast);
          for (const event of ["pointerenter", "focusin"]) toast.addEventListener(event, () => clearTimeout(timer));
          for (const event of ["pointerleave", "focusout"])
            toast.addEventListener(event, () => {
              clearTimeout(timer);
              timer = setTimeout(dismiss, 3000, toast);
            });
        }
      }
    });
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
  const ask = (form, submitter, asking) => {
    dialog.querySelector("[data-confirm-text]").textContent = asking.dataset.confirm;
    const yes = dialog.querySelector("[data-confirm-yes]");
    yes.textContent = asking.dataset.confirmAction || submitter?.textContent.trim() || yes.dataset.label;
    yes.onclick = () => {
      dialog.close();
      confirmed = form;
      submitter ? form.requestSubmit(submitter) : form.requestSubmit();
    };
    dialog.showModal();
  };

  // --- Submitting: ask first where asked to, and send once --------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asking = [event.submitter, form].find((element) => element?.dataset.confirm);
    if (asking && dialog && confirmed !== form) {
      event.preventDefault();
      ask(form, event.submitter, asking);
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

  // --- Typed and not saved: ask before leaving ----------------------------------------------------------------------------
  for (const form of all("[data-guard] form[method=post]")) {
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

  // --- The summary of errors is read first -------------------------------------------------------------------------------
  document.querySelector("[data-error-summary]")?.focus();
})();
