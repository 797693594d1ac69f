// The first page of a link with a key. The key stands behind `#`, which a browser sends nowhere, so
// it is posted from here. It is taken out of the address and the history first.

const key = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

function explain(what, remedy) {
  document.getElementById("what").textContent = what;
  document.getElementById("remedy").textContent = remedy;
}

async function enter() {
  if (!key) {
    explain(
      "This browser isn't known here",
      "Use the link that survey serve has opened or printed. It can be used once.",
    );
    return;
  }

  let answer;
  try {
    answer = await fetch("/enter", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key }),
    });
  } catch {
    explain("The server doesn't answer", "Start survey serve again, and use its new link.");
    return;
  }

  if (answer.ok) {
    location.replace("/seat");
  } else if (answer.status === 403) {
    explain(
      "This link was used already",
      "Go on in the browser window in which it was used, or start survey serve again.",
    );
  } else {
    explain("The server didn't take the link", "Try it again in a minute.");
  }
}

enter();
