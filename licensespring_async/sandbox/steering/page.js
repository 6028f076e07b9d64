"use strict";
// Exchanges what has changed, once a second while the page is visible, so that focus, selection and scrolling stay.
const live = document.getElementById("live");

function say(text, state) {
  live.textContent = text;
  live.className = state;
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = [...page.querySelectorAll("[data-live]")];
  const shown = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part]));
  for (const part of now) {
    const old = shown.get(part.id);
    shown.delete(part.id);
    if (!old) document.querySelector("main").append(part);
    else if (old.innerHTML !== part.innerHTML) old.replaceWith(part);
  }
  for (const gone of shown.values()) gone.remove();
  say("live", "on");
}

async function keepRefreshing() {
  for (;;) {
    await refresh().catch(() => say("the sandbox does not answer", "off"));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

keepRefreshing();
