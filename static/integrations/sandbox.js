// Keeps the page fresh and copies codes. Without it the page works the same, by reloading.
const EVERY = 2000; // ms
const SHOWN_FOR = 1500; // ms
const { part, copied, stale } = document.body.dataset;
const notice = document.querySelector("[data-notice]");
let tag = "";

function showCopyButtons(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

// Cards that stay as they were are left alone, so that focus, selection and scrolling survive.
function updateCards(list, fresh) {
  const wanted = new Map([...fresh.children].map((card) => [card.dataset.id, card]));
  for (const card of [...list.children]) {
    const now = wanted.get(card.dataset.id);
    wanted.delete(card.dataset.id);
    if (!now) card.remove();
    else if (!card.isEqualNode(now)) card.replaceWith(now);
  }
  const newest = list.firstElementChild;
  for (const card of wanted.values()) list.insertBefore(card, newest);
}

function update(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  showCopyButtons(page);
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const held = document.querySelector(`[data-live="${fresh.dataset.live}"]`);
    if (held && !held.isEqualNode(fresh)) held.replaceChildren(...fresh.childNodes);
  }
  updateCards(document.querySelector("[data-cards]"), page.querySelector("[data-cards]"));
}

async function refresh() {
  try {
    const answer = await fetch(part, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status === 200) {
      update(await answer.text());
      tag = answer.headers.get("ETag") ?? "";
    }
    notice.hidden = true;
  } catch {
    notice.textContent = stale;
    notice.hidden = false;
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, EVERY);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = copied;
  setTimeout(() => (button.textContent = button.dataset.label), SHOWN_FOR);
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
showCopyButtons(document);
setTimeout(keepFresh, EVERY);
