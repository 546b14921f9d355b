import { Live, page } from "../core/live.js";

const LOOK_MS = 15_000; // queues change without a hint
const cards = (root) => [...root.querySelectorAll("#systems > section")];
const live = new Live({ path: "/ws/staff/targets/", type: "targets.changed", read, sign: document.getElementById("live") });

setInterval(() => live.open && live.ask(), LOOK_MS);

async function read() {
  const found = await page(location.pathname);
  if (found) show(found);
}

/** Takes over what has changed, card by card; one in which somebody writes a reason stays. */
function show(found) {
  const known = new Map(cards(document).map((card) => [card.id, card]));
  const fresh = cards(found);
  if (fresh.length !== known.size || fresh.some((card) => !known.has(card.id))) {
    if (![...known.values()].some(busy)) document.getElementById("systems").replaceWith(document.adoptNode(found.getElementById("systems")));
    return;
  }
  for (const card of fresh) {
    const old = known.get(card.id);
    if (busy(old) || plain(old) === plain(card)) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.closest("form")?.getAttribute("action") : null;
    old.replaceWith(document.adoptNode(card));
    if (focused) card.querySelector("button, summary")?.focus();
  }
}

function busy(card) {
  return Boolean(card.querySelector("details[open], [aria-busy=true]"));
}

function plain(card) {
  return card.innerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.closest("#systems")) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.setAttribute("aria-busy", "true");
  try {
    const found = await page(form.action, { method: "POST", body: new FormData(form) });
    if (!found) return;
    for (const details of document.querySelectorAll("#systems details[open]")) if (details.contains(form)) details.open = false;
    tell(found);
    button.removeAttribute("aria-busy");
    show(found);
  } catch (error) {
    console.warn("not done", error);
    form.submit(); // the browser says what is wrong
  } finally {
    button.removeAttribute("aria-busy");
    delete form.dataset.sent;
  }
});

/** Shows what the answer says, where a page that was loaded would. */
function tell(found) {
  const said = found.querySelector("ul.messagelist");
  const shown = document.querySelector("ul.messagelist");
  if (!said) shown?.remove();
  else if (shown) shown.replaceWith(document.adoptNode(said));
  else document.querySelector("#content").before(document.adoptNode(said));
  document.querySelector("ul.messagelist")?.setAttribute("role", "status");
}
