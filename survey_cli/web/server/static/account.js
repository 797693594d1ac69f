// What the forms of accounts have in common: a password that can be shown, its length, and the time
// zone. The forms also work without this script.

import { findZone } from "./zone.js";

for (const button of document.querySelectorAll("[data-shows]")) {
  const field = document.getElementById(button.dataset.shows);
  button.setAttribute("aria-label", "Show the password");
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = field.type === "text";
    field.type = isShown ? "password" : "text";
    button.textContent = isShown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!isShown));
    field.focus();
  });
  // Otherwise browsers would keep what is sent as a text, and offer it to the next person.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
}

for (const count of document.querySelectorAll("[data-counts]")) {
  const field = document.getElementById(count.dataset.counts);
  const least = Number(count.dataset.least);
  field.addEventListener("input", () => {
    // Characters, not the halves of which some of them consist.
    const length = [...field.value].length;
    const isShort = length > 0 && length < least;
    count.textContent = isShort ? `${least - length} more.` : "";
  });
}

for (const row of document.querySelectorAll("[data-zone-field]")) {
  const select = row.querySelector("select");
  const browserZone = findZone();
  const chosen = select.dataset.chosen || browserZone;
  const known = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  const names = new Set([...known, browserZone, chosen].filter((name) => name));
  for (const name of [...names].sort()) {
    select.add(new Option(name, name, name === chosen, name === chosen));
  }
  row.hidden = false;
}

// The server wasn't told its address. The browser knows the one under which this page was opened.
for (const field of document.querySelectorAll("[data-lacks-address]")) {
  field.value = location.origin + field.value;
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // The browser doesn't let us: the link is selected, and Ctrl+C copies it.
      button.textContent = "Press Ctrl+C";
    }
  });
}
