// The line between the text page and the seat: it sends each entry once, knows whether it was
// taken, and comes back by itself after a cut.

const FIRST_WAIT = 100;
const LONGEST_WAIT = 4000;
// A line without a sign of life is asked for one, then shown as broken, then given up.
const ASK_AFTER = 2000;
const SHOW_AFTER = 2000;
const GIVE_UP_AFTER = 7000;
const LOOK_EVERY = 500;

export class TextLine {
  // `listener` has a method for each event: seated, lines, asked, waiting, offline, moved, ended,
  // refused, signedOut, unsent.
  constructor(listener, zone) {
    this.listener = listener;
    this.zone = zone;
    this.socket = null;
    this.isSeated = false;
    this.isOver = false;
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.heardAt = 0;
    this.askedForLifeAt = 0;
    this.forget();
    setInterval(() => this.look(), LOOK_EVERY);
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => this.hurry());
  }

  forget() {
    // The seat and the generation of the page, as web calls them.
    this.seat = "";
    this.generation = 0;
    // What the seat calls itself, and the number of what it asks.
    this.log = "";
    this.ask = 0;
    this.last = 0;
    // The entry that was sent and not taken yet.
    this.pending = null;
    this.wasCut = false;
  }

  connect() {
    clearTimeout(this.timer);
    this.isOver = false;
    const query = new URLSearchParams({ zone: this.zone });
    if (this.seat) {
      query.set("seat", this.seat);
      query.set("generation", this.generation);
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/seat/text?${query}`);
    this.socket = socket;
    this.heardAt = performance.now();
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.take(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.lose();
    });
  }

  // Begin a seat, or have the one that has moved away come back here.
  begin() {
    this.seat = "";
    this.generation = 0;
    this.connect();
  }

  // Send an entry for what is asked. It returns whether that was possible.
  enter(text) {
    if (!this.isSeated || !this.ask || this.pending) return false;
    this.pending = { log: this.log, ask: this.ask, text, at: performance.now() };
    this.send({ type: "entry", seat: this.log, ask: this.ask, text });
    return true;
  }

  // Tell the seat what has been typed so far, so that it isn't lost with this page.
  keep(text) {
    if (!this.isSeated || !this.ask || this.pending) return;
    this.send({ type: "typing", seat: this.log, ask: this.ask, text });
  }

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  take(frame) {
    this.heardAt = performance.now();
    this.askedForLifeAt = 0;
    switch (frame.type) {
      case "seated":
        this.seat = frame.seat;
        this.generation = frame.generation;
        this.isSeated = true;
        this.wait = FIRST_WAIT;
        this.listener.seated();
        break;
      case "lines":
        this.takeLines(frame);
        break;
      case "ask":
        this.takeAsk(frame);
        break;
      case "refused":
        this.takeRefusal(frame);
        break;
      case "moved":
      case "ended":
      case "no-seat":
      case "signed-out":
        this.finish(frame);
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
  takeRefusal(frame) {
    const pending = this.pending;
    if (!pending || pending.log !== frame.seat || pending.ask !== frame.ask) return;
    this.pending = null;
    this.listener.unsent(pending.text, true);
  }

  // The seat is no longer here, so there is nothing to come back to by itself.
  finish(frame) {
    this.isOver = true;
    this.isSeated = false;
    this.socket.close();
    if (frame.type === "moved") this.listener.moved();
    if (frame.type === "ended") this.listener.ended();
    if (frame.type === "no-seat") this.listener.refused(frame.sentence);
    if (frame.type === "signed-out") this.listener.signedOut();
  }

  lose() {
    this.isSeated = false;
    if (this.isOver) return;

    this.wasCut = this.pending !== null;
    this.listener.offline();
    // Not all pages at the same moment, if the server was started again.
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  hurry() {
    const isClosed = this.socket?.readyState === WebSocket.CLOSED;
    const isWaiting = !this.isOver && !this.isSeated && isClosed;
    if (isWaiting && document.visibilityState === "visible") {
      this.wait = FIRST_WAIT;
      this.connect();
    }
  }

  look() {
    if (this.isOver || !this.socket || this.socket.readyState >= WebSocket.CLOSING) return;
    const now = performance.now();
    const silence = now - this.heardAt;
    if (silence > GIVE_UP_AFTER) {
      // The browser would wait for minutes. It need not say when it has closed this one.
      const socket = this.socket;
      this.socket = null;
      socket.close();
      this.lose();
      return;
    }

    if (!this.isSeated) return;
    if (silence > ASK_AFTER && !this.askedForLifeAt) {
      this.askedForLifeAt = now;
      this.send({ type: "alive" });
    }
    const hasWaitingEntry = this.pending !== null && now - this.pending.at > SHOW_AFTER;
    const isUnanswered = this.askedForLifeAt > 0 && now - this.askedForLifeAt > SHOW_AFTER;
    this.listener.waiting(hasWaitingEntry || isUnanswered);
  }
}
