// Keys and pasted texts, before the terminal or the browser has them.

export const LONGEST_PASTE = 5000;

const ARROWS = { ArrowUp: "A", ArrowDown: "B", ArrowRight: "C", ArrowLeft: "D" };
// The controls but the tab and the line end: they would be keys.
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

// Return what a terminal sends for an arrow with Alt. The terminal's script sends another key (with
// Ctrl, or Escape and a letter on a Mac), which does something else in a line of text.
export function encodeAltArrow(event) {
  const arrow = ARROWS[event.key];
  if (!arrow || !event.altKey || event.ctrlKey || event.metaKey) return "";
  const modifiers = event.shiftKey ? 4 : 3;
  return `\x1b[1;${modifiers}${arrow}`;
}

// Ctrl+V would reach the seat as a key. The browser pastes if the terminal doesn't see it.
export function isPasteKey(event) {
  return (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "v";
}

// Return a text as a terminal pastes it. The seat then knows that it wasn't typed.
export function encodePaste(text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(CONTROLS, "").replace(/\n/g, "\r");
  return `\x1b[200~${lines}\x1b[201~`;
}
