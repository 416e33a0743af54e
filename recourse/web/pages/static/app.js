// What the pages need beside htmx: keys, the sheet that lists them, dialogs, and the filter of a list.
// An element with data-key="n" or data-key="g q" is pressed, or gets the focus, by that key or those two in turn.
"use strict";

const OFF = "recourse.keys.off";
let waiting = "";

function keyed() {
  return [...document.querySelectorAll("[data-key]")].filter((one) => one.offsetParent !== null);
}

function label(element) {
  const named = element.getAttribute("aria-label") || element.getAttribute("placeholder");
  if (named) return named;
  const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  const labelled = element.id && document.querySelector(`label[for="${element.id}"]`);
  return (own.map((node) => node.textContent).join("").trim() || labelled?.textContent || "").trim();
}

function fillSheet() {
  const list = document.getElementById("keys-list");
  list.replaceChildren(...keyed().map((element) => {
    const row = document.createElement("tr"), key = document.createElement("th"), says = document.createElement("td");
    key.scope = "row";
    key.append(Object.assign(document.createElement("kbd"), { textContent: element.dataset.key }));
    says.textContent = label(element);
    row.append(key, says);
    return row;
  }));
}

function press(element) {
  if (element.matches("input, select, textarea")) element.focus();
  else element.click();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  const dialog = document.querySelector("dialog[open]");
  if (event.ctrlKey || event.altKey || event.metaKey || typing || dialog) return;
  if (localStorage.getItem(OFF) && event.key !== "?") return;
  const pressed = waiting ? `${waiting} ${event.key}` : event.key;
  const found = keyed().find((one) => one.dataset.key === pressed);
  waiting = "";
  if (found) {
    event.preventDefault();
    press(found);
  } else if (keyed().some((one) => one.dataset.key.startsWith(`${pressed} `))) {
    waiting = pressed;
  }
});

document.addEventListener("click", (event) => {
  const opens = event.target.closest?.("[data-opens]"), closes = event.target.closest?.("[data-closes]");
  if (opens) {
    fillSheet();
    document.getElementById(opens.dataset.opens).showModal();
  }
  if (closes) document.getElementById(closes.dataset.closes).close();
});

document.addEventListener("input", (event) => {
  const list = event.target.dataset?.filters && document.querySelector(event.target.dataset.filters);
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const one of list.children) one.hidden = !one.textContent.toLowerCase().includes(wanted);
});

// A list that comes anew by itself must not close what somebody has just opened in it.
document.addEventListener("htmx:before:request", (event) => {
  if (event.target.querySelector?.("details[open]")) event.preventDefault();
});

document.addEventListener("DOMContentLoaded", () => {
  const on = document.getElementById("keys-on");
  if (!on) return;
  on.checked = !localStorage.getItem(OFF);
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
});
