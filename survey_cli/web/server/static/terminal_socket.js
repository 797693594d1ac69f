// What the script of the terminal gets in place of a WebSocket. It speaks its own protocol: arrays
// such as ["stdin", text] and ["resize", {width, height}] go out, bytes come in. Frames of text that
// would open pages or download files don't exist here.

// Bare movements of the mouse are of no use to a seat, and are many.
const MOUSE = /^\x1b\[<(\d+);\d+;\d+([Mm])$/;
const MOVED = 32;
const NO_BUTTON = 3;
const WHEEL = 64;

export class TerminalSocket {
  // The terminal that was built last: its socket gets the output.
  static current = null;
  static line = null;

  constructor() {
    this.handlers = { open: [], message: [] };
    TerminalSocket.current = this;
    // The terminal adds its handlers first.
    setTimeout(() => this.dispatch("open", {}), 0);
  }

  addEventListener(type, handler) {
    this.handlers[type]?.push(handler);
  }

  dispatch(type, event) {
    for (const handler of this.handlers[type]) handler(event);
  }

  send(text) {
    if (TerminalSocket.current !== this) return;
    const [type, value] = JSON.parse(text);
    if (type === "resize") {
      TerminalSocket.line.sendSize(value.width, value.height);
    } else if (type === "stdin") {
      this.sendKeys(value);
    }
  }

  sendKeys(keys) {
    const mouse = MOUSE.exec(keys);
    if (mouse === null) {
      TerminalSocket.line.sendKeys(keys, 1);
      return;
    }

    const button = Number(mouse[1]);
    const isBareMovement = (button & MOVED) !== 0 && (button & NO_BUTTON) === NO_BUTTON;
    if (isBareMovement) return;
    const isClick = mouse[2] === "M" && (button & (MOVED | WHEEL)) === 0;
    TerminalSocket.line.sendKeys(keys, isClick ? 1 : 0);
  }

  write(bytes) {
    this.dispatch("message", { data: bytes.buffer });
  }
}
