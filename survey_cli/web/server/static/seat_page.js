// The page of the full screen: it builds the terminal, and says when keys don't reach the interview.

import { DialLink } from "./dial_link.js";
import { LONGEST_PASTE, encodeAltArrow, encodePaste, isPasteKey } from "./seat_keys.js";
import { UPDATED, explainEnd } from "./seat_ends.js";
import { SeatLine } from "./seat_line.js";
import { TerminalSocket } from "./terminal_socket.js";
import { findZone } from "./zone.js";

const LEAST_COLUMNS = 80;
const LEAST_ROWS = 24;
const MOST_COLUMNS = 300;
const MOST_ROWS = 100;
const SMALLEST_LETTERS = 8;
const LARGEST_LETTERS = 40;
const USUAL_LETTERS = 16;
const RESIZE_PAUSE = 150;

const frame = document.getElementById("frame");
const place = document.getElementById("place");
const banner = document.getElementById("banner");
const message = document.getElementById("message");
const action = document.getElementById("action");
const droppedNote = document.getElementById("dropped");

// The terminal makes a link of every text that looks like an address. None is opened: respondents'
// words are on the screen, and the server's address would go with it.
window.open = () => null;
// Fonts are measured when the terminal is built, so it is built by hand, after they are loaded.
window.WebSocket = TerminalSocket;

let wantedLetters = readLetters();
let letters = 0;
let makeTerminals = null;
let lineState = "connecting";
// Keys that did not arrive, and those of which that isn't known, since the last one that did.
let lost = 0;
let unsure = 0;
// Whether another seat was begun since then. The one before has acknowledged keys when they were
// written to it. How many of them it had still to act on isn't known.
let isNewSeat = false;
// What else is said until the next key.
let note = "";

const line = new SeatLine(
  frame.dataset.socket,
  {
    catchingUp() {
      setLineState("catching-up");
    },
    seated(seat) {
      if (seat.behind) note = BEHIND;
      for (const element of document.querySelectorAll("[data-zone]")) element.textContent = seat.zone;
      setLineState("seated");
      hideMessage();
      showNote();
    },
    output(bytes) {
      TerminalSocket.current?.write(bytes);
    },
    waiting(isWaiting) {
      setLineState(isWaiting ? "waiting" : "seated");
    },
    offline() {
      setLineState("offline");
      showNote();
    },
    updated() {
      isNewSeat = true;
      note = line.countPending() ? `${UPDATED} ${LAST_MAY_BE_MISSING}` : UPDATED;
      showNote();
    },
    died() {
      isNewSeat = true;
      note = DIED;
      showNote();
    },
    dropped(keys) {
      lost += keys.lost;
      unsure += keys.unsure;
      showNote();
    },
    dial(link) {
      dialLink.show(link);
      showState();
    },
    over(frame) {
      explainEnd(frame, showMessage);
    },
  },
  findZone(),
);
TerminalSocket.line = line;
const dialLink = new DialLink(document.getElementById("dial"), (letter) => {
  focusTerminal();
  if (letter) line.sendKeys(letter, 1);
});

// What the page says

const BANNERS = {
  connecting: "Connecting …",
  unfocused: "Keys don’t reach the interview: click into this window.",
  waiting: "The server isn’t answering: keys may not reach the interview. Wait a moment.",
  offline: "No connection to the server: keys don’t reach the interview. Trying again …",
  "catching-up": "The interview is busy with keys from before the cut. Wait a moment.",
};
const BEHIND = "Keys from before the cut may still act: look at what is shown.";
const LAST_MAY_BE_MISSING = "The last keys may be missing: look at what is shown.";
const DIED =
  "Your seat failed and was begun again: the last keys may be missing. Look at what is shown " +
  "before you go on.";

function hasFocus() {
  const active = document.activeElement;
  return document.hasFocus() && active?.classList.contains("xterm-helper-textarea");
}

function showState() {
  let state = lineState;
  if (!message.hidden) {
    state = "message";
  } else if (state === "seated" && !hasFocus() && !dialLink.hasFocus()) {
    state = "unfocused";
  }
  if (frame.dataset.state === state) return;
  frame.dataset.state = state;
  banner.dataset.state = state;
  banner.hidden = !(state in BANNERS);
  banner.textContent = BANNERS[state] ?? "";
}

function setLineState(state) {
  lineState = state;
  showState();
}

function showMessage(sentence, label) {
  document.getElementById("sentence").textContent = sentence;
  action.textContent = label;
  message.hidden = false;
  showState();
  action.focus();
}

function hideMessage() {
  message.hidden = true;
  focusTerminal();
  showState();
}

function showNote() {
  droppedNote.textContent = `${describeDropped()} ${note}`.trim();
}

function describeDropped() {
  const notKnown = countNotKnown();
  const count = lost + notKnown;
  const keys = count === 1 ? "1 key" : `${count} keys`;

  if (notKnown) return `${keys} may not have arrived: look at what is shown.`;
  if (lost) return `${keys} did not arrive, and won’t be sent again.`;
  return "";
}

function countNotKnown() {
  // The note says that keys may be missing, since a count would be too low.
  if (isNewSeat) return 0;
  // While there is no line, those on their way may have arrived.
  const isOnTheWay = lineState === "seated" || lineState === "waiting";
  return isOnTheWay ? unsure : unsure + line.countPending();
}

function forgetNote() {
  if (lineState !== "seated") return;
  lost = 0;
  unsure = 0;
  isNewSeat = false;
  note = "";
  droppedNote.textContent = "";
}

action.addEventListener("click", () => {
  hideMessage();
  setLineState("connecting");
  line.begin();
});

// The terminal

function readLetters() {
  const stored = Number(localStorage.getItem("letters"));
  return stored >= SMALLEST_LETTERS && stored <= LARGEST_LETTERS ? stored : USUAL_LETTERS;
}

// Return the size of letters with which the smallest screen of a station fits into the window, and
// the screen isn't larger than a seat may be.
function chooseLetters() {
  const width = place.clientWidth;
  const height = place.clientHeight;
  const context = document.createElement("canvas").getContext("2d");
  context.font = "100px 'Roboto Mono'";
  const cellWidth = context.measureText("0").width / 100;
  const cellHeight = 1.32;
  const largest = Math.min(width / LEAST_COLUMNS / cellWidth, height / LEAST_ROWS / cellHeight);
  const smallest = Math.max(width / MOST_COLUMNS / cellWidth, height / MOST_ROWS / cellHeight);
  const fitting = Math.max(Math.min(wantedLetters, Math.floor(largest)), Math.ceil(smallest));
  return Math.min(Math.max(fitting, SMALLEST_LETTERS), LARGEST_LETTERS);
}

function buildTerminal() {
  letters = chooseLetters();
  const element = document.createElement("div");
  element.className = "textual-terminal";
  element.dataset.fontSize = letters;
  element.dataset.sessionWebsocketUrl = "";
  place.replaceChildren(element);
  makeTerminals();

  const field = element.querySelector("textarea");
  field.setAttribute("autocomplete", "off");
  field.setAttribute("translate", "no");
  field.setAttribute("aria-label", "Keys of the interview");
  focusTerminal();
}

// Fit the terminal into the window, with other letters if it needs them.
function adaptTerminal() {
  if (makeTerminals === null || !place.firstChild) return;
  if (chooseLetters() === letters) {
    window.onresize();
    return;
  }
  buildTerminal();
  line.paint();
}

function focusTerminal() {
  place.querySelector("textarea")?.focus({ preventScroll: true });
}

function changeLetters(difference) {
  wantedLetters = Math.min(Math.max(letters + difference, SMALLEST_LETTERS), LARGEST_LETTERS);
  localStorage.setItem("letters", wantedLetters);
  adaptTerminal();
  focusTerminal();
}

function loadTerminalScript() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("terminal/textual.js", import.meta.url).href;
    script.addEventListener("load", () => {
      // It would make a terminal of each element of that class, at whatever time the page is loaded.
      makeTerminals = window.onload;
      window.onload = null;
      resolve();
    });
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}

// Keys

window.addEventListener(
  "keydown",
  (event) => {
    const isComposing = event.isComposing || event.keyCode === 229;
    if (!message.hidden || isComposing) return;
    if (dialLink.hasFocus()) return;
    if (!hasFocus()) focusTerminal();

    const altArrow = encodeAltArrow(event);
    if (altArrow) {
      event.preventDefault();
      event.stopImmediatePropagation();
      line.sendKeys(altArrow, 1);
    } else if (isPasteKey(event)) {
      event.stopImmediatePropagation();
    }
    forgetNote();
  },
  true,
);

window.addEventListener(
  "paste",
  (event) => {
    if (!message.hidden) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length > LONGEST_PASTE) {
      note = `This text is too long to be pasted: at most ${LONGEST_PASTE} characters`;
      showNote();
    } else if (text) {
      line.sendKeys(encodePaste(text), 1);
    }
  },
  true,
);
window.addEventListener("drop", (event) => event.preventDefault(), true);

// The focus

document.addEventListener("focusin", showState);
document.addEventListener("focusout", () => setTimeout(showState, 0));
window.addEventListener("blur", showState);
window.addEventListener("focus", () => {
  if (message.hidden && !dialLink.hasFocus()) focusTerminal();
  showState();
});
frame.addEventListener("click", () => {
  if (message.hidden) focusTerminal();
});

for (const [id, difference] of [
  ["smaller", -1],
  ["larger", 1],
]) {
  const button = document.getElementById(id);
  // A button that is pressed would take the focus, and the next keys.
  button.addEventListener("mousedown", (event) => event.preventDefault());
  button.addEventListener("click", () => changeLetters(difference));
}

let resizing = 0;
new ResizeObserver(() => {
  clearTimeout(resizing);
  resizing = setTimeout(adaptTerminal, RESIZE_PAUSE);
}).observe(place);

// Resolves once the styles are there, without which the window's size means nothing.
function waitForPage() {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => window.addEventListener("load", resolve, { once: true }));
}

async function begin() {
  showState();
  try {
    await waitForPage();
    await Promise.all([
      document.fonts.load("16px 'Roboto Mono'"),
      document.fonts.load("bold 16px 'Roboto Mono'"),
      loadTerminalScript(),
    ]);
    buildTerminal();
  } catch (error) {
    console.error(error);
    showMessage("The screen can’t be shown in this browser. Reload the page, or try another.", "Reload");
    action.addEventListener("click", () => location.reload());
    return;
  }
  // The terminal has reported its size once its socket is open.
  setTimeout(() => line.connect(), 0);
}

begin();
