// The line between the page and the seat: it sends keys once, knows which ones have arrived, and
// comes back by itself after a cut.

// The terminal's script is given another class under this name (terminal_socket.js).
const LineSocket = window.WebSocket;

const FIRST_WAIT = 100;
const LONGEST_WAIT = 4000;
// A line without a sign of life is asked for one, then shown as broken, then given up.
const ASK_AFTER = 2000;
const SHOW_AFTER = 2000;
const GIVE_UP_AFTER = 6000;
// The server may take a while to open a seat.
const OPEN_WITHIN = 20000;
const LOOK_EVERY = 500;

export class SeatLine {
  // `listener` has a method for each event: seated, output, waiting, offline, moved, ended,
  // stopped, refused,
  // signedOut, dropped.
  constructor(listener, zone) {
    this.listener = listener;
    this.zone = zone;
    this.size = { columns: 80, rows: 24 };
    this.socket = null;
    this.seat = "";
    this.generation = 0;
    this.isSeated = false;
    this.isOver = false;
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.number = 0;
    // The frames that the server has not acknowledged: their number, and how many keys they have.
    this.pending = new Map();
    this.sentAt = 0;
    this.heardAt = 0;
    this.askedAt = 0;
    setInterval(() => this.look(), LOOK_EVERY);
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    this.isOver = false;
    const query = new URLSearchParams({ ...this.size, zone: this.zone });
    if (this.seat) {
      query.set("seat", this.seat);
      query.set("generation", this.generation);
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new LineSocket(`${scheme}://${location.host}/seat/screen?${query}`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heardAt = performance.now();
    this.askedAt = 0;
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.take(event.data);
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

  sendKeys(keys, count) {
    if (!this.isSeated) {
      if (!this.isOver && count) this.listener.dropped(count);
      return;
    }
    this.number += 1;
    if (!this.pending.size) this.sentAt = performance.now();
    this.pending.set(this.number, count);
    this.send({
      type: "keys",
      generation: this.generation,
      number: this.number,
      time: Date.now(),
      keys,
    });
  }

  sendSize(columns, rows) {
    this.size = { columns, rows };
    if (this.isSeated) this.send({ type: "size", columns, rows });
  }

  paint() {
    if (this.isSeated) this.send({ type: "paint" });
  }

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  take(data) {
    this.heardAt = performance.now();
    this.askedAt = 0;
    if (typeof data !== "string") {
      this.listener.output(new Uint8Array(data));
      return;
    }

    const frame = JSON.parse(data);
    switch (frame.type) {
      case "seated":
        this.seat = frame.seat;
        this.generation = frame.generation;
        this.isSeated = true;
        this.wait = FIRST_WAIT;
        this.number = 0;
        // The window may have got another size while there was no line.
        this.send({ type: "size", ...this.size });
        this.listener.seated(frame);
        break;
      case "taken":
        this.pending.delete(frame.number);
        this.sentAt = performance.now();
        break;
      case "moved":
        this.finish();
        this.listener.moved();
        break;
      case "ended":
        this.finish();
        this.listener.ended();
        break;
      case "stopped":
        this.finish();
        this.listener.stopped();
        break;
      case "refused":
        this.finish();
        this.listener.refused(frame.sentence);
        break;
      case "signed-out":
        this.finish();
        this.listener.signedOut();
        break;
    }
  }

  // The seat is no longer here, so there is nothing to come back to by itself.
  finish() {
    this.isOver = true;
    this.dropPending();
    this.isSeated = false;
    this.socket.close();
  }

  lose() {
    this.dropPending();
    this.isSeated = false;
    if (this.isOver) return;

    this.listener.offline();
    // Not all pages at the same moment, if the server was started again.
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  // Keys that may or may not have arrived are never sent again: one that had would act twice.
  dropPending() {
    let count = 0;
    for (const keys of this.pending.values()) count += keys;
    this.pending.clear();
    if (count) this.listener.dropped(count);
  }

  hurry() {
    const isWaiting = !this.isOver && !this.isSeated && this.socket?.readyState === LineSocket.CLOSED;
    if (isWaiting && document.visibilityState === "visible") {
      this.wait = FIRST_WAIT;
      this.connect();
    }
  }

  look() {
    if (this.isOver || !this.socket || this.socket.readyState >= LineSocket.CLOSING) return;
    const now = performance.now();
    const silence = now - this.heardAt;
    // Silence alone is no sign: a browser rarely looks in a window that is hidden.
    const isDead = this.askedAt > 0 && now - this.askedAt > GIVE_UP_AFTER;
    const isNeverOpened = !this.isSeated && silence > OPEN_WITHIN;
    if (isDead || isNeverOpened) {
      // The browser would wait for minutes. It need not say when it has closed this one.
      const socket = this.socket;
      this.socket = null;
      socket.close();
      this.lose();
      return;
    }

    if (!this.isSeated) return;
    if (silence > ASK_AFTER && !this.askedAt) {
      this.askedAt = now;
      this.send({ type: "alive" });
    }
    const hasWaitingKeys = this.pending.size > 0 && now - this.sentAt > SHOW_AFTER;
    const isUnanswered = this.askedAt > 0 && now - this.askedAt > SHOW_AFTER;
    this.listener.waiting(hasWaitingKeys || isUnanswered);
  }
}
