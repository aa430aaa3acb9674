// Runs before the first paint, so that the selected color scheme doesn't flash. The default is the system's (tokens.css).
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // Storage can be disabled.
    }
  };
  // Colors of the browser's toolbar.
  const applyToolbarColor = () => {
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      const { scheme } = meta.dataset;
      const followsSystem = root.dataset.theme === "system";
      meta.media = followsSystem ? `(prefers-color-scheme: ${scheme})` : scheme === root.dataset.theme ? "all" : "not all";
    }
  };
  const apply = () => {
    const choice = stored();
    root.dataset.theme = choice === "light" || choice === "dark" ? choice : "system";
    root.dataset.bsTheme = root.dataset.theme === "system" ? (dark.matches ? "dark" : "light") : root.dataset.theme;
    applyToolbarColor();
  };
  root.dataset.js = "";
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply); // Changed in another tab.
  window.portalTheme = {
    set(choice) {
      try {
        choice === "system" ? localStorage.removeItem("theme") : localStorage.setItem("theme", choice);
      } catch {
        // The choice only applies to this page.
      }
      apply();
      root.dataset.theme = choice;
      if (choice !== "system") root.dataset.bsTheme = choice;
      applyToolbarColor();
    },
  };
})();
