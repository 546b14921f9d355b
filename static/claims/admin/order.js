/* Puts rows into another order, by dragging or by buttons: the folded ones of an event type, whose order fields follow,
   and those of a list, which is sent at once. */

const STEP = 10; // between two rows, as everywhere in the catalogue
const FOCUS = "claimdesk-moved-by"; // the button that has the focus again when the list is read anew
const words = document.querySelector("script[data-up]").dataset;
const order = (row) => row.querySelector("input[name$='-order']");
const foldedBeside = (row) => [...row.parentElement.children].filter((one) => one.matches(".inline-related.folded:not(.empty-form)"));
const place = (row) => row.querySelector("[data-row]")?.dataset;
const listedBeside = (row) => [...row.parentElement.rows].filter((one) => place(one)?.group === place(row).group);
let dragged = null;
let home = null; // what stood after `dragged`
let sending = false;

document.querySelectorAll(".inline-related.folded").forEach(equipFolded);
document.querySelectorAll("#result_list tbody tr:has([data-row])").forEach(equipListed);
document.getElementById(sessionStorage.getItem(FOCUS))?.focus();
sessionStorage.removeItem(FOCUS);

for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => { if (dragged?.parentElement.contains(event.target)) event.preventDefault(); });
}
document.addEventListener("formset:added", ({ target: row }) => {
  if (!order(row)) return;
  equipFolded(row);
  row.dataset.untouched = ""; // the server passes it over only as long as nothing in it has changed
  row.addEventListener("input", (event) => comeLast(row, event.target), { once: true });
});

function equipFolded(row) {
  if (!order(row) || row.querySelector(".order-tools") || row.classList.contains("empty-form")) return;
  row.prepend(tools(row, foldedBeside, number));
}

function equipListed(row) {
  const made = tools(row, listedBeside, send);
  made.querySelectorAll("button").forEach((one, at) => { one.id = `move-${place(row).row}-${at}`; });
  row.cells[0].prepend(made);
}

/** What `row` is moved by among `beside(row)`; `moved(row)` is called when it has another place. */
function tools(row, beside, moved) {
  const made = document.createElement("div");
  made.className = "order-tools";
  const grip = document.createElement("span");
  grip.className = "grip";
  grip.draggable = true;
  grip.textContent = "⠿";
  grip.title = words.drag;
  grip.addEventListener("dragstart", (event) => {
    dragged = row;
    home = row.nextSibling;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.id);
    event.dataTransfer.setDragImage(row, 10, 10);
    row.classList.add("dragged");
  });
  grip.addEventListener("dragend", (event) => {
    row.classList.remove("dragged");
    dragged = null;
    if (event.dataTransfer.dropEffect === "none") row.parentElement.insertBefore(row, home);
    else if (row.nextSibling !== home) moved(row);
  });
  row.addEventListener("dragover", (event) => over(event, row, beside));
  made.append(grip, button("↑", words.up, () => move(row, -1, beside, moved)), button("↓", words.down, () => move(row, 1, beside, moved)));
  return made;
}

function button(sign, label, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button plain small", textContent: sign });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", () => { act(); made.focus(); });
  return made;
}

function move(row, by, beside, moved) {
  const other = beside(row)[beside(row).indexOf(row) + by];
  if (!other || sending) return;
  if (by < 0) other.before(row);
  else other.after(row);
  moved(row);
}

function over(event, row, beside) {
  if (!dragged || dragged === row || sending || !beside(row).includes(dragged)) return;
  const { top, height } = row.getBoundingClientRect();
  if (event.clientY < top + height / 2) row.before(dragged);
  else row.after(dragged);
}

function number(moved) {
  delete moved.dataset.untouched;
  foldedBeside(moved).forEach((row, at) => { if (!("untouched" in row.dataset)) order(row).value = (at + 1) * STEP; });
}

function comeLast(row, field) {
  if (!("untouched" in row.dataset)) return;
  delete row.dataset.untouched;
  const others = foldedBeside(row).filter((one) => one !== row && !("untouched" in one.dataset));
  if (field !== order(row)) order(row).value = Math.max(0, ...others.map((one) => Number(order(one).value))) + STEP;
}

async function send(moved) {
  sending = true;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", document.querySelector("#changelist-form [name=csrfmiddlewaretoken]").value);
  for (const row of listedBeside(moved)) body.append("id", place(row).row);
  const answer = await fetch("reorder/", { method: "POST", body }).catch(() => null);
  if (answer?.status !== 204) return complain();
  sessionStorage.setItem(FOCUS, document.activeElement.id);
  location.reload();
}

function complain() {
  const said = document.createElement("p");
  said.className = "bar warn";
  said.setAttribute("role", "alert");
  said.textContent = words.failed;
  document.querySelector("#changelist-form .results").before(said);
}
