"use strict";
// Replaces only what changed, once a second while the page is visible, to keep focus, selection and scroll position.
const live = document.getElementById("live");
const told = document.getElementById("told");
const shown = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.outerHTML]));

function say(where, text, state) {
  where.textContent = text;
  where.className = state;
}

function replace(old, part) {
  const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(part);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
}

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const gone = new Set(shown.keys());
  for (const part of page.querySelectorAll("[data-live]")) {
    gone.delete(part.id);
    const before = shown.get(part.id);
    if (before === part.outerHTML) continue;
    shown.set(part.id, part.outerHTML);
    if (before === undefined) document.querySelector("main").append(part);
    else replace(document.getElementById(part.id), part);
  }
  for (const id of gone) {
    shown.delete(id);
    document.getElementById(id).remove();
  }
  if (live.className !== "on") say(live, "live", "on"); // a screen reader would say it every second
}

async function send(button, content) {
  const { post, method = "POST", ask } = button.dataset;
  if (ask && !confirm(ask)) return;
  const focused = document.activeElement === button; // a disabled button loses the focus
  button.disabled = true;
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(post, { method, headers, body: method === "POST" ? content : undefined });
    if (answer.ok) say(told, "done", "on");
    else say(told, (await answer.json()).message, "off");
    await refresh();
  } catch {
    say(told, "the sandbox is not responding", "off");
  } finally {
    button.disabled = false;
    if (focused) (button.isConnected ? button : document.getElementById(button.id))?.focus();
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-post]");
  if (button) send(button, button.dataset.send ?? "{}");
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.post) return;
  event.preventDefault();
  const given = [...form.elements].filter((each) => each.name && each.value !== "");
  send(form, JSON.stringify(Object.fromEntries(given.map(({ name, type, value }) => [name, type === "number" ? Number(value) : value]))));
});

async function keepRefreshing() {
  for (;;) {
    if (!document.hidden) await refresh().catch(() => say(live, "the sandbox is not responding", "off"));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

keepRefreshing();
