// The text page: the lines as a log, one field, and buttons for what can be chosen.

import { DialLink } from "./dial_link.js";
import { UPDATED, explainEnd } from "./seat_ends.js";
import { TextLine } from "./text_line.js";
import { findZone } from "./zone.js";

const MOST_LINES = 400;
const MOST_WAITING = 8;
const KEEP_PAUSE = 700;
// An Enter this soon after a code that needed none was pressed by habit.
const HABIT_PAUSE = 1000;

const frame = document.getElementById("frame");
const log = document.getElementById("log");
const banner = document.getElementById("banner");
const message = document.getElementById("message");
const action = document.getElementById("action");
const form = document.getElementById("entry");
const field = document.getElementById("field");
const label = document.getElementById("label");
const hint = document.getElementById("hint");
const notice = document.getElementById("notice");
const answers = document.getElementById("answers");
const commands = document.getElementById("commands");
const oneKey = document.getElementById("one-key");

let asked = null;
// Entries that were typed before the next question arrived.
let waiting = [];
// The roles of the lines since the last entry was sent.
let rolesSince = new Set();
// The first line of the question or the case that is shown.
let first = null;
let chosenAt = -Infinity;
let isTouched = false;
// Why another seat was begun, until its first question is here.
let whyAgain = "";

const DIED = "Your seat failed and was begun again: look at what is shown before you go on.";
// After these, an entry that was typed ahead may not be meant for what is asked.
const INTERRUPTIONS = ["rejection", "query", "read_back", "case", "notice", "message", "error"];
const line = new TextLine(
  {
    seated(seat) {
      for (const element of document.querySelectorAll("[data-zone]")) element.textContent = seat.zone;
      setState("seated");
      message.hidden = true;
    },
    begun() {
      log.replaceChildren();
      asked = null;
    },
    lines: showLines,
    asked: showAsked,
    waiting(isWaiting) {
      setState(isWaiting ? "waiting" : "seated");
    },
    offline() {
      setState("offline");
    },
    unsent: bringBack,
    updated() {
      whyAgain = UPDATED;
    },
    died() {
      whyAgain = DIED;
    },
    dial(link) {
      dialLink.show(link);
    },
    over(frame) {
      explainEnd(frame, showMessage);
    },
  },
  findZone(),
);

const dialLink = new DialLink(document.getElementById("dial"), (letter) => {
  field.value += letter;
  field.focus();
});

// What the page says

const BANNERS = {
  waiting: "The server isn’t answering: what you send may not arrive. Wait a moment.",
  offline: "No connection to the server: nothing can be sent. Trying again …",
};

function setState(state) {
  if (frame.dataset.state === state) return;
  frame.dataset.state = state;
  banner.textContent = BANNERS[state] ?? "";
}

function showMessage(sentence, text) {
  document.getElementById("sentence").textContent = sentence;
  action.textContent = text;
  message.hidden = false;
  setState("message");
  action.focus();
}

function say(text) {
  notice.textContent = text;
}

action.addEventListener("click", () => {
  message.hidden = true;
  setState("connecting");
  line.begin();
  field.focus();
});

// The log

function showLines(lines) {
  for (const sent of lines) {
    rolesSince.add(sent.role);
    const element = buildLine(sent);
    // What comes in between is answered first, so it is what the log shows.
    if (sent.begins || INTERRUPTIONS.includes(sent.role)) first = element;
    log.append(element);
  }
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  scrollToNew();
}

// Show the end of the log, unless what is new is taller: then its beginning.
function scrollToNew() {
  const end = log.scrollHeight - log.clientHeight;
  const beginning = first ? first.offsetTop : end;
  log.scrollTop = Math.min(end, beginning);
}

new ResizeObserver(scrollToNew).observe(log);

function buildLine(sent) {
  const element = document.createElement("p");
  element.className = `said ${sent.role}`;
  if (sent.begins) element.classList.add("begins");
  element.dir = sent.right_to_left ? "rtl" : "ltr";
  if (sent.label) element.append(buildPart("b", "label", `${sent.label}: `));
  if (sent.key) element.append(buildPart("b", "key", sent.key), " ");

  const words = document.createElement("bdi");
  if (sent.language) words.lang = sent.language;
  for (const [text, isStressed] of sent.words) {
    words.append(isStressed ? buildPart("em", "", text) : text);
  }
  element.append(words);
  for (const remark of sent.remarks ?? []) {
    element.append(" ", buildPart("bdi", "remark", `(${remark})`));
  }
  return element;
}

function buildPart(name, className, text) {
  const part = document.createElement(name);
  if (className) part.className = className;
  part.textContent = text;
  return part;
}

// What is asked

function showAsked(frame, { isSame, wasTaken }) {
  if (isSame && asked) {
    // Something else can be chosen besides.
    commands.replaceChildren(...frame.commands.map(buildChoice));
    return;
  }
  const typed = field.value;
  const wasFocused = form.contains(document.activeElement) || document.activeElement === document.body;
  asked = frame;
  document.body.dataset.asked = frame.ask;
  label.textContent = frame.label;
  label.lang = frame.language || "en";
  label.dir = frame.right_to_left ? "rtl" : "ltr";
  answers.dir = label.dir;
  field.inputMode = chooseKeyboard(frame);
  field.rows = frame.kind === "text" ? 4 : 1;
  showHint(frame.kind === "text" ? "Shift+Enter begins a new line." : "");
  form.dataset.kind = frame.kind;
  answers.replaceChildren(...frame.answers.map(buildChoice));
  commands.replaceChildren(...frame.commands.map(buildChoice));
  markChoices();

  const isInterrupted = INTERRUPTIONS.some((role) => rolesSince.has(role));
  if (rolesSince.has("rejection")) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  rolesSince = new Set();
  scrollToNew();
  if (!isInterrupted || !waiting.length) say(whyAgain);
  whyAgain = "";
  if (isInterrupted && waiting.length) dropWaiting();
  // What stands in the field was typed for the question that has gone, unless it was typed ahead.
  if (typed && !wasTaken) {
    field.value = "";
    say(`Not sent, because something else is asked now: ${typed}`);
  }
  if (!field.value && frame.text) field.value = frame.text;
  if (wasFocused) focusField();
  if (waiting.length) send(waiting.shift());
}

function showHint(text) {
  hint.textContent = text;
  hint.hidden = !text;
  // Screen readers would read a hint that is hidden.
  if (text) field.setAttribute("aria-describedby", "hint");
  else field.removeAttribute("aria-describedby");
}

function chooseKeyboard(frame) {
  if (frame.kind === "number") return "decimal";
  const codes = frame.answers.filter((choice) => choice.key);
  const areNumbers = codes.every((choice) => /^\d+$/.test(choice.key));
  return frame.kind.startsWith("code") && areNumbers ? "numeric" : "text";
}

function buildChoice(choice) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "choice";
  button.dataset.typed = choice.typed;
  if (choice.help) button.title = choice.help;
  if (choice.key) button.append(buildPart("b", "key", choice.key), " ");
  // A point of a scale without words of its own has the code as its text.
  if (choice.text !== choice.key) {
    const words = buildPart("bdi", "", choice.text);
    if (choice.language) words.lang = choice.language;
    button.append(words);
  }
  for (const remark of choice.remarks ?? []) {
    button.append(" ", buildPart("bdi", "remark", `(${remark})`));
  }
  button.addEventListener("click", () => choose(choice));
  return button;
}

function choose(choice) {
  if (choice.needs_words) {
    showHint(`Type behind it ${choice.words}, then press Enter.`);
    field.value = `${choice.typed} `;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  } else if (asked.kind === "codes" && choice.key) {
    toggleCode(choice.key);
  } else {
    enter(choice.typed);
  }
}

// Several answers are collected in the field, and sent together.
function toggleCode(code) {
  const codes = listCodes();
  const others = codes.filter((other) => other !== code);
  if (others.length === codes.length) others.push(code);
  field.value = others.join(" ");
  markChoices();
}

function listCodes() {
  return field.value.split(/[\s,;]+/).filter((code) => code);
}

function markChoices() {
  if (asked?.kind !== "codes") return;
  const codes = listCodes();
  for (const button of answers.children) {
    if (!button.dataset.typed || button.dataset.typed.startsWith(".")) continue;
    button.setAttribute("aria-pressed", codes.includes(button.dataset.typed));
  }
}

// On a tablet, the keyboard on the screen would come up with the field and cover half of it.
function focusField() {
  if (isTouched) log.focus({ preventScroll: true });
  else field.focus({ preventScroll: true });
}

// Entries

function enter(text) {
  if (!line.isSeated) {
    say(`Not sent: there is no connection to the server. ${text}`);
    return;
  }
  if (line.pending) {
    keepWaiting(text);
    return;
  }
  send(text);
}

function send(text) {
  if (!line.enter(text)) return;
  field.value = "";
  rolesSince = new Set();
  say("");
}

function keepWaiting(text) {
  if (waiting.length >= MOST_WAITING) {
    say("Not sent: wait until the next question is here.");
    return;
  }
  waiting.push(text);
  field.value = "";
}

function dropWaiting() {
  say(`Typed ahead and not sent: ${waiting.join(", ")}`);
  waiting = [];
}

// Show an entry again that didn't arrive, or of which that isn't known. It is sent by hand only.
function bringBack(text, isCertain) {
  if (waiting.length) dropWaiting();
  if (!field.value) field.value = text;
  const shown = text || "Enter";
  if (isCertain) {
    say(`This was not received: ${shown}. Look at the question, then send it again.`);
  } else {
    say(`It isn’t known whether this was received: ${shown}. Look at the question first.`);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!field.value && performance.now() - chosenAt < HABIT_PAUSE) {
    chosenAt = -Infinity;
    say("Enter ignored: that code needed none");
    return;
  }
  enter(field.value);
});

field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
  // In a text, Enter with Shift begins a new line, and so does the full screen's Ctrl+J.
  if (event.shiftKey && asked?.kind === "text") return;
  event.preventDefault();
  // A key that is held down sends nothing more.
  if (!event.repeat) form.requestSubmit();
});

field.addEventListener("input", (event) => {
  markChoices();
  keepLater();
  const isTyped = event.inputType === "insertText";
  if (!oneKey.checked || !isTyped || !asked) return;
  const typed = field.value.trim();
  const choice = asked.answers.find(
    (one) => one.is_complete && (one.typed === typed || one.code === typed),
  );
  if (!choice || line.pending) return;
  chosenAt = performance.now();
  enter(choice.typed);
});

let keeping = 0;

function keepLater() {
  clearTimeout(keeping);
  keeping = setTimeout(() => line.keep(field.value), KEEP_PAUSE);
}

// Whoever leaves this page, for the full screen too, goes on with what was typed here.
window.addEventListener("pagehide", () => {
  clearTimeout(keeping);
  line.keep(field.value);
});

oneKey.checked = localStorage.getItem("one-key") === "yes";
oneKey.addEventListener("change", () => {
  localStorage.setItem("one-key", oneKey.checked ? "yes" : "no");
  field.focus();
});
window.addEventListener("pointerdown", (event) => {
  isTouched = event.pointerType === "touch";
});
window.addEventListener("keydown", () => {
  isTouched = false;
});

field.focus();
line.connect();
