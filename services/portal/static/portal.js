// Wakes GOV.UK's components and gives htmx the form token. Every page works without it.
import { initAll } from "./vendor/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

document.body.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="csrf-token"]');
  event.detail.headers["X-CSRF-Token"] = token.content;
});

// What came in gets the focus, so that a screen reader reads it and a keyboard goes on from there.
document.body.addEventListener("htmx:afterSettle", (event) => {
  const place = event.detail.elt.querySelector?.("[data-focus], .govuk-error-summary");
  if (place) {
    place.setAttribute("tabindex", "-1");
    place.focus();
  }
});

// The line is down: say so; the form is still there to be sent again.
for (const [name, down] of [["htmx:sendError", true], ["htmx:beforeRequest", false]]) {
  document.body.addEventListener(name, () => {
    for (const text of document.querySelectorAll("[data-offline]")) text.hidden = !down;
  });
}
