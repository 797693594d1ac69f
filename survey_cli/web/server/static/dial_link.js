// A number to dial, as a real link: the telephone program of this computer opens it.

const MODIFIERS = ["Shift", "Control", "Alt", "Meta", "AltGraph"];

export class DialLink {
  // `back` gives the focus back to the interview, and gets what was typed instead of Enter.
  constructor(element, back) {
    this.element = element;
    this.back = back;
    element.addEventListener("keydown", (event) => this.take(event));
    element.addEventListener("click", () => {
      // After the browser has opened the link.
      setTimeout(() => this.leave(""), 0);
    });
  }

  show(link) {
    this.element.href = link;
    this.element.textContent = `Enter calls ${link.replace("tel:", "")} · Esc goes back`;
    this.element.hidden = false;
    this.element.focus();
  }

  hasFocus() {
    return document.activeElement === this.element;
  }

  // Enter opens the link, as on every page. A letter is for the interview, and is handed on.
  take(event) {
    if (event.key === "Enter" || MODIFIERS.includes(event.key)) return;
    event.preventDefault();
    const isLetter = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
    this.leave(isLetter ? event.key : "");
  }

  leave(letter) {
    this.element.hidden = true;
    this.back(letter);
  }
}
