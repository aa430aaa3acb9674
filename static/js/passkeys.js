// Displays errors of passkeys, which django-allauth's scripts report as events.
(() => {
  "use strict";
  const message = document.querySelector("[data-passkey-error]");
  if (!message) return;
  // Exception names: https://www.w3.org/TR/webauthn-3/#sctn-createCredential
  const reasons = {
    NotAllowedError: "refused",
    AbortError: "refused",
    InvalidStateError: "known",
    SecurityError: "unsupported",
    NotSupportedError: "unsupported",
    ConstraintError: "unsupported",
  };
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const reason = window.PublicKeyCredential ? reasons[event.detail.exception?.name] : "unsupported";
    message.querySelector("[data-passkey-text]").textContent = message.dataset[reason] ?? message.dataset.failed;
    message.hidden = false;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-passkey]")) message.hidden = true;
  });
  // Enter in the name field clicks the button, whose handler calls the browser.
  for (const form of document.querySelectorAll("form[data-passkey-form]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      form.querySelector("[data-passkey]").click();
    });
})();
