// The token of an invitation stands behind `#`, which browsers send nowhere. It is posted after a
// press, so that programs which open links in messages don't use it up. It is taken out of the
// address and the history first.

const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const accept = document.getElementById("accept");
const error = document.getElementById("error");
const form = document.getElementById("choose");

function explain(sentence) {
  error.textContent = sentence;
  error.hidden = false;
}

async function check() {
  accept.disabled = true;
  error.hidden = true;
  let content;
  try {
    const answer = await fetch("/invitation/check", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
    });
    content = await answer.json();
  } catch {
    explain("The server doesn't answer. Try again in a minute.");
    accept.disabled = false;
    return;
  }

  if (!content.login) {
    explain(content.sentence);
    return;
  }
  document.getElementById("before").hidden = true;
  document.getElementById("token").value = token;
  document.getElementById("login").value = content.login;
  form.hidden = false;
  document.getElementById("password").focus();
}

if (form && form.hidden) {
  if (token) {
    accept.disabled = false;
    accept.addEventListener("click", check);
  } else {
    explain("This isn't a complete invitation. Open the whole link that you were sent.");
  }
}
