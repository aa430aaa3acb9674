// Runs before the first paint, so that a chosen colour scheme never flashes. Without it the system's choice holds (tokens.css).
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const stored = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // Storage can be switched off.
    }
  };
  // The browser's own frame: each colour is meant for the system's scheme, unless one was chosen.
  const tint = () => {
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
    tint();
  };
  root.dataset.js = "";
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply); // Chosen in another tab.
  window.portalTheme = {
    set(choice) {
      try {
        choice === "system" ? localStorage.removeItem("theme") : localStorage.setItem("theme", choice);
      } catch {
        // Then the choice holds for this page only.
      }
      apply();
      root.dataset.theme = choice;
      if (choice !== "system") root.dataset.bsTheme = choice;
      tint();
    },
  };
})();
