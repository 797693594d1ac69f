// The table of seats, brought up to date every two seconds. A row keeps its element, so that a
// button doesn't lose the focus.

const PAUSE = 2000;

const table = document.getElementById("seats");
const template = document.getElementById("row");
const nobody = document.getElementById("nobody");
const stale = document.getElementById("stale");

function fill(row, seat) {
  for (const cell of row.querySelectorAll("[data-cell]")) {
    const text = seat[cell.dataset.cell];
    if (cell.textContent !== text) cell.textContent = text;
  }
}

function makeRow(seat) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.seat = seat.seat;
  row.querySelector("input").value = seat.seat;
  return row;
}

function show(seats) {
  const rows = new Map([...table.children].map((row) => [row.dataset.seat, row]));
  for (const [index, seat] of seats.entries()) {
    const row = rows.get(seat.seat) ?? makeRow(seat);
    rows.delete(seat.seat);
    fill(row, seat);
    if (table.children[index] !== row) table.insertBefore(row, table.children[index] ?? null);
  }
  for (const row of rows.values()) row.remove();
  nobody.hidden = seats.length > 0;
  table.closest(".scrolled").hidden = seats.length === 0;
}

async function look() {
  try {
    const answer = await fetch("/seats/list", { redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    stale.textContent = "";
  } catch {
    stale.textContent = "This page can’t be brought up to date now. Reload it.";
  }
  setTimeout(look, PAUSE);
}

setTimeout(look, PAUSE);
