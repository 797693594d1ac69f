// What a page says when its seat is no longer here: the same on the full screen and the text page.

export const UPDATED = "The program was updated: you go on in its new version.";

// `showMessage` shows a sentence, and a button with which the seat is begun or taken back.
export function explainEnd(frame, showMessage) {
  switch (frame.type) {
    case "moved":
      showMessage(
        "Your seat has moved: it is open in another window or on another computer.",
        "Take it back here",
      );
      break;
    case "stopped":
      showMessage(
        "The server was stopped. Everything that was confirmed is stored.",
        "Try to go on",
      );
      break;
    case "refused":
      showMessage(frame.sentence, "Try again");
      break;
    case "ended":
    case "signed-out":
      // The first page knows how the shift went, or asks to sign in.
      location.replace("/");
      break;
  }
}
