// The line between a page and its seat: it comes back by itself after a cut, and notices one that
// the browser doesn't tell of.

// On the full screen, the terminal's script is given another class under this name
// (terminal_socket.js).
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
// A seat that dies is begun again, unless the one before has just died, too.
const BEGIN_AGAIN_AFTER = 60000;

// Frames that end the line: the seat is no longer here, so there is nothing to come back to.
const ENDS = ["moved", "ended", "stopped", "refused", "signed-out"];

export class ServerLine {
  // `user` has these methods:
  // query()        what the address of the socket says besides
  // take(data)     a frame has come: an object, or the bytes of a binary one
  // offline()      the line is cut, and will come back
  // over(frame)    the seat is no longer here
  // updated()      the seat ended for an update, and one of the new version is begun
  // died()         the seat was killed, and another one is begun
  // waiting(is)    whether the server is silent, or has not acknowledged what was sent
  // findOldest()   since when the oldest thing waits that was not acknowledged; 0 if nothing does
  constructor(path, user) {
    this.path = path;
    this.user = user;
    this.socket = null;
    this.seat = "";
    this.generation = 0;
    this.isSeated = false;
    this.isOver = false;
    this.wait = FIRST_WAIT;
    this.timer = 0;
    this.heardAt = 0;
    this.askedAt = 0;
    this.begunAgainAt = -Infinity;
    setInterval(() => this.look(), LOOK_EVERY);
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    this.isOver = false;
    const query = new URLSearchParams(this.user.query());
    if (this.seat) {
      query.set("seat", this.seat);
      query.set("generation", this.generation);
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new LineSocket(`${scheme}://${location.host}${this.path}?${query}`);
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

  send(frame) {
    this.socket.send(JSON.stringify(frame));
  }

  take(data) {
    this.heardAt = performance.now();
    this.askedAt = 0;
    if (typeof data !== "string") {
      this.user.take(new Uint8Array(data));
      return;
    }

    const frame = JSON.parse(data);
    if (frame.type === "seated") {
      this.seat = frame.seat;
      this.generation = frame.generation;
      this.isSeated = true;
      this.wait = FIRST_WAIT;
    }
    if (frame.type === "ended" && frame.updated) {
      this.beginAgain();
      this.user.updated();
    } else if (frame.type === "ended" && frame.died && this.mayBeginAgain()) {
      this.begunAgainAt = performance.now();
      this.beginAgain();
      this.user.died();
    } else if (ENDS.includes(frame.type)) {
      this.isOver = true;
      this.isSeated = false;
      this.socket.close();
      this.user.over(frame);
    } else {
      this.user.take(frame);
    }
  }

  beginAgain() {
    this.isSeated = false;
    this.socket.close();
    this.user.offline();
    this.begin();
  }

  mayBeginAgain() {
    return performance.now() - this.begunAgainAt > BEGIN_AGAIN_AFTER;
  }

  lose() {
    this.isSeated = false;
    if (this.isOver) return;

    this.user.offline();
    // Not all pages at the same moment, if the server was started again.
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  hurry() {
    const isClosed = this.socket?.readyState === LineSocket.CLOSED;
    const isWaiting = !this.isOver && !this.isSeated && isClosed;
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
    const oldest = this.user.findOldest();
    const isUnacknowledged = oldest > 0 && now - oldest > SHOW_AFTER;
    const isUnanswered = this.askedAt > 0 && now - this.askedAt > SHOW_AFTER;
    this.user.waiting(isUnacknowledged || isUnanswered);
  }
}
