// Passkeys are asked for by django-allauth's scripts; what the browser refuses is said here, in words.
(() => {
  "use strict";
  const place = document.querySelector("[data-passkey-error]");
  if (!place) return;
  // The names are WebAuthn's: https://www.w3.org/TR/webauthn-3/#sctn-createCredential
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
    place.querySelector("[data-passkey-text]").textContent = place.dataset[reason] ?? place.dataset.failed;
    place.hidden = false;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-passkey]")) place.hidden = true;
  });
  // Enter in the field of the name presses the button, which alone can ask the browser.
  for (const form of document.querySelectorAll("form[data-passkey-form]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      form.querySelector("[data-passkey]").click();
    });
})();
