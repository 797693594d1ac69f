// The keys of the full screen: each is sent once, and the page knows which ones have arrived.

import { ServerLine } from "./server_line.js";

export class SeatLine {
  // `listener` has a method for each event: catchingUp, seated, output, waiting, offline, updated,
  // died, dial, over, dropped.
  constructor(path, listener, zone) {
    this.listener = listener;
    this.zone = zone;
    this.size = { columns: 80, rows: 24 };
    this.number = 0;
    // The frames that the server has not acknowledged: their number, and how many keys they have.
    // After a cut, they stay here until the server says which of them have arrived.
    this.pending = new Map();
    this.sentAt = 0;
    this.line = new ServerLine(path, this);
  }

  connect() {
    this.line.connect();
  }

  begin() {
    this.line.begin();
  }

  query() {
    return { ...this.size, zone: this.zone };
  }

  sendKeys(keys, count) {
    if (!this.line.isSeated) {
      if (!this.line.isOver && count) this.listener.dropped({ lost: count, unsure: 0 });
      return;
    }
    this.number += 1;
    if (!this.pending.size) this.sentAt = performance.now();
    this.pending.set(this.number, count);
    this.line.send({
      type: "keys",
      generation: this.line.generation,
      number: this.number,
      time: Date.now(),
      keys,
    });
  }

  sendSize(columns, rows) {
    this.size = { columns, rows };
    if (this.line.isSeated) this.line.send({ type: "size", columns, rows });
  }

  paint() {
    if (this.line.isSeated) this.line.send({ type: "paint" });
  }

  take(frame) {
    if (frame instanceof Uint8Array) {
      this.listener.output(frame);
      return;
    }
    switch (frame.type) {
      case "catching-up":
        this.listener.catchingUp();
        break;
      case "seated":
        this.settle(frame.taken);
        this.number = 0;
        // The window may have got another size while there was no line.
        this.line.send({ type: "size", ...this.size });
        this.listener.seated(frame);
        break;
      case "taken":
        this.pending.delete(frame.number);
        this.sentAt = performance.now();
        break;
      case "dial":
        this.listener.dial(frame.link);
        break;
    }
  }

  over(frame) {
    this.settle(null);
    this.listener.over(frame);
  }

  offline() {
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
    return this.pending.size ? this.sentAt : 0;
  }

  // How many keys are on their way, or were when the line was cut.
  countPending() {
    let count = 0;
    for (const keys of this.pending.values()) count += keys;
    return count;
  }

  // Count the keys that did not arrive. `taken` is the number of the last frame that did, or null if
  // the server can't know. None is sent again: one that had arrived would act twice.
  settle(taken) {
    let lost = 0;
    let unsure = 0;
    for (const [number, keys] of this.pending) {
      if (taken === null) unsure += keys;
      else if (number > taken) lost += keys;
    }
    this.pending.clear();
    this.listener.dropped({ lost, unsure });
  }
}
