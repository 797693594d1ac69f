// The entries of the text page: each is sent once, and the page knows which ones were taken.

import { ServerLine } from "./server_line.js";

export class TextLine {
  // `listener` has a method for each event: seated, begun, lines, asked, unsent, waiting, offline,
  // updated, died, dial, over.
  constructor(listener, zone) {
    this.listener = listener;
    this.zone = zone;
    // What the seat calls itself, the number of what it asks, and that of its last line.
    this.log = "";
    this.ask = 0;
    this.last = 0;
    // The entry that was sent and not taken yet, and whether the line was cut since.
    this.pending = null;
    this.wasCut = false;
    this.line = new ServerLine("/seat/text", this);
  }

  get isSeated() {
    return this.line.isSeated;
  }

  connect() {
    this.line.connect();
  }

  begin() {
    this.line.begin();
  }

  query() {
    return { zone: this.zone };
  }

  // Send an entry for what is asked. It returns whether that was possible.
  enter(text) {
    if (!this.isSeated || !this.ask || this.pending) return false;
    this.pending = { log: this.log, ask: this.ask, text, at: performance.now() };
    this.line.send({ type: "entry", seat: this.log, ask: this.ask, text });
    return true;
  }

  // Tell the seat what has been typed so far, so that it isn't lost with this page.
  keep(text) {
    if (!this.isSeated || !this.ask || this.pending) return;
    this.line.send({ type: "typing", seat: this.log, ask: this.ask, text });
  }

  take(frame) {
    switch (frame.type) {
      case "seated":
        this.listener.seated(frame);
        break;
      case "lines":
        this.takeLines(frame);
        break;
      case "ask":
        this.takeAsk(frame);
        break;
      case "unused":
        this.takeUnused(frame);
        break;
      case "dial":
        this.listener.dial(frame.link);
        break;
    }
  }

  takeLines(frame) {
    if (frame.seat !== this.log) {
      this.log = frame.seat;
      this.last = 0;
      this.ask = 0;
      this.listener.begun();
    }
    // After a cut, the seat sends again what this page may have already.
    const known = Math.max(this.last - frame.first + 1, 0);
    const lines = frame.lines.slice(known);
    this.last = Math.max(this.last, frame.first + frame.lines.length - 1);
    if (lines.length) this.listener.lines(lines);
  }

  takeAsk(frame) {
    const pending = this.pending;
    const isSame = frame.seat === this.log && frame.ask === this.ask;
    this.ask = frame.ask;
    if (!pending) {
      this.listener.asked(frame, { isSame, wasTaken: false });
      return;
    }

    const isSameSeat = pending.log === frame.seat;
    const isNotTaken = isSameSeat && pending.ask === frame.ask;
    // The seat answers what it is sent in order: if it still asks the same after a cut, the entry
    // was lost on the way.
    if (isNotTaken && !this.wasCut) return;
    this.pending = null;
    this.wasCut = false;
    this.listener.asked(frame, { isSame, wasTaken: isSameSeat && !isNotTaken });
    // Another seat can't tell what the one before it has taken.
    if (!isSameSeat || isNotTaken) this.listener.unsent(pending.text, isNotTaken);
  }

  // Something else was asked before the entry arrived.
  takeUnused(frame) {
    const pending = this.pending;
    if (!pending || pending.log !== frame.seat || pending.ask !== frame.ask) return;
    this.pending = null;
    this.listener.unsent(pending.text, true);
  }

  over(frame) {
    this.listener.over(frame);
  }

  offline() {
    this.wasCut = this.pending !== null;
    this.listener.offline();
  }

  waiting(isWaiting) {
    this.listener.waiting(isWaiting);
  }

  updated() {
    this.listener.updated();
  }

  died() {
    this.listener.died();
  }

  findOldest() {
    return this.pending ? this.pending.at : 0;
  }
}
