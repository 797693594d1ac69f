// The time zone of this browser. The seat shows and reads times in it.

export function findZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

for (const element of document.querySelectorAll("[data-zone]")) {
  element.textContent = findZone() || "of the server";
}
