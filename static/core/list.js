import { Live, page } from "./live.js";

const list = () => document.getElementById("result_list");
const keyOf = (row) => row.querySelector("th a")?.pathname;
const rowsOf = (root) => [...root.querySelectorAll("#result_list tbody tr")];

/**
 * Keeps a list of the admin as it is now. Somebody who is in the middle of something is told, and not disturbed.
 * `bar` says how many rows are new and shows them at a press; `every` (ms) reads also without a hint.
 * @param {{path: string, type: string, bar: HTMLElement, every?: number}} options
 */
export function keepListFresh({ path, type, bar, every = 0 }) {
  let newest = null;
  const live = new Live({ path, type, read, sign: document.getElementById("live") });
  bar.querySelector("button").addEventListener("click", () => newest && show(newest));
  if (every) setInterval(() => live.open && live.ask(), every);

  async function read() {
    const found = await page(location.href);
    if (!found) return;
    if (!busy()) {
      if (inner(document) !== inner(found)) show(found);
      return;
    }
    if (lasting(document) === lasting(found)) return;
    newest = found;
    announce(rowsOf(found).filter((row) => !known().has(keyOf(row))).length);
  }

  function announce(added) {
    const words = bar.querySelector("span");
    const text = added === 1 ? words.dataset.one : added ? words.dataset.many : words.dataset.none;
    words.textContent = text.replace("%n%", added);
    bar.hidden = false;
  }

  function show(found) {
    if (!list() || !found.getElementById("result_list")) {
      location.reload(); // between an empty list and a full one more than rows differ
      return;
    }
    const before = known();
    const rows = rowsOf(found).map((row) => document.adoptNode(row));
    for (const row of rows) if (!before.has(keyOf(row))) row.classList.add("fresh");
    list().tBodies[0].replaceChildren(...rows);
    const count = found.querySelector(".paginator");
    if (count) document.querySelector(".paginator")?.replaceWith(document.adoptNode(count));
    bar.hidden = true;
    newest = null;
  }
}

const known = () => new Set(rowsOf(document).map(keyOf));
const inner = (root) => rowsOf(root).map((row) => row.innerHTML).join("");

/** What the rows say, without what changes by the clock alone. */
function lasting(root) {
  return rowsOf(root).map((row) => {
    const copy = row.cloneNode(true);
    for (const clock of copy.querySelectorAll(".age, .until")) clock.remove();
    return copy.innerHTML;
  }).join("");
}

/** Is somebody in the middle of something that new rows would disturb? */
function busy() {
  const chosen = document.querySelector("#changelist-form input.action-select:checked, #action-toggle:checked");
  const picking = document.querySelector("#changelist-form select[name=action]")?.value;
  const later = Number(new URLSearchParams(location.search).get("p") ?? 1) > 1;
  return Boolean(chosen || picking || later || list()?.contains(document.activeElement));
}

// The admin's own script knows the boxes that were there when it started; with new rows it would count wrong.
document.addEventListener("change", (event) => {
  if (!event.target.matches("#action-toggle, input.action-select")) return;
  const boxes = [...document.querySelectorAll("input.action-select")];
  if (event.target.id === "action-toggle") {
    for (const box of boxes) box.checked = event.target.checked;
  }
  for (const box of boxes) box.closest("tr").classList.toggle("selected", box.checked);
  const chosen = boxes.filter((box) => box.checked).length;
  const counter = document.querySelector("span.action-counter");
  const words = ngettext("%(sel)s of %(cnt)s selected", "%(sel)s of %(cnt)s selected", chosen);
  if (counter) counter.textContent = interpolate(words, { sel: chosen, cnt: boxes.length }, true);
});
