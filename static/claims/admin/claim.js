import { Live, page } from "../../core/live.js";
import { swap } from "./parts.js";
import { Viewer } from "./viewer.js";

const claim = document.getElementById("claim");
const words = claim.dataset;
const viewer = new Viewer(document.getElementById("viewer"));
const LOOK_MS = 15_000; // while a step is on its way: that one began, or was put on hold, is told to nobody
const address = () => location.pathname.replace(/reveal\/$/, "change/");

const live = new Live({
  path: `/ws/staff/claims/${words.id}/`,
  type: "claim.changed",
  read: async () => {
    const found = await page(address());
    if (found) show(found);
  },
  sign: document.getElementById("live"),
});

setInterval(() => document.querySelector("[data-moving]") && live.ask(), LOOK_MS);

function show(found) {
  swap(document, found, words);
  viewer.refresh();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("form[data-post]")) {
    event.preventDefault();
    send(form, event.submitter);
  } else if (form.matches("form[data-reveal]")) {
    event.preventDefault();
    reveal(form);
  }
});

document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-fill]");
  const field = chip?.closest("form").querySelector("textarea, input[type=text]");
  if (!field) return;
  const chips = [...chip.closest("form").querySelectorAll("[data-fill]")];
  const isOwn = field.value.trim() && !chips.some((one) => one.dataset.fill === field.value);
  field.value = isOwn ? `${field.value.trimEnd()} ${chip.dataset.fill}` : chip.dataset.fill; // words of one's own stay
  field.focus();
});

/** Sends an action without leaving the page, once at a time, and shows what came of it. */
async function send(form, submitter) {
  if (form.dataset.sent) return;
  form.dataset.sent = "yes";
  const judged = form.closest("dialog") && { id: form.dataset.document, how: form.elements.state.value };
  const button = submitter ?? form.querySelector("button[type=submit]");
  button?.setAttribute("aria-busy", "true");
  try {
    const found = await page(form.action, { method: "POST", body: new FormData(form, submitter) });
    if (!found) return;
    const refused = found.querySelector("#messages .error");
    if (!refused) {
      form.reset();
      form.closest("details")?.removeAttribute("open");
    }
    say(found.querySelector("#messages").innerHTML);
    show(found);
    if (judged && !refused) viewer.decided({ ...judged, here: Boolean(found.querySelector("#messages .success")) });
  } catch (error) {
    console.warn(error);
    complain(words.failed);
  } finally {
    delete form.dataset.sent;
    button?.removeAttribute("aria-busy");
    viewer.free();
  }
}

async function reveal(form) {
  const what = form.dataset.reveal;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    const shown = await answer.json();
    if (!answer.ok) {
      complain(shown.detail);
      return;
    }
    const place = form.closest("[data-part]").querySelector(`[data-secret="${what}"]`);
    place.replaceChildren(Array.isArray(shown[what]) ? facts(shown[what]) : shown[what]);
    form.closest("[data-part]").dataset.keep = "yes"; // a live change must not hide it again
    form.remove();
  } catch (error) {
    console.warn(error);
    complain(words.failed);
  }
}

function facts(pairs) {
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [label, value] of pairs) {
    const row = document.createElement("div");
    const [name, text] = [document.createElement("dt"), document.createElement("dd")];
    [name.textContent, text.textContent] = [label, value];
    row.append(name, text);
    list.append(row);
  }
  return list;
}

function complain(text) {
  const list = document.createElement("ul");
  list.className = "messagelist";
  const line = document.createElement("li");
  line.className = "error";
  line.textContent = text;
  list.append(line);
  say(list.outerHTML);
}

function say(html) {
  const place = document.getElementById("messages");
  place.innerHTML = html; // our own page's messages, escaped by the server, or text set above
  viewer.say(html);
  if (place.children.length && !document.querySelector("dialog[open]")) place.scrollIntoView({ block: "nearest" });
}
