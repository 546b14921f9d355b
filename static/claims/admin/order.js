/* Puts the folded rows of an event type into another order: by dragging, or by buttons; the order fields follow. */

const STEP = 10; // between two rows, as everywhere in the catalogue
const words = document.querySelector("script[data-up]").dataset;
const order = (row) => row.querySelector("input[name$='-order']");
const rowsBeside = (row) => [...row.parentElement.children].filter((one) => one.matches(".inline-related.folded:not(.empty-form)"));
let dragged = null;

for (const row of document.querySelectorAll(".inline-related.folded")) equip(row);
document.addEventListener("formset:added", (event) => equip(event.target));
document.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = null; });

function equip(row) {
  if (!order(row) || row.querySelector(".order-tools") || row.classList.contains("empty-form")) return;
  const tools = document.createElement("div");
  tools.className = "order-tools";
  const grip = document.createElement("span");
  grip.className = "grip";
  grip.draggable = true;
  grip.textContent = "⠿";
  grip.title = words.drag;
  grip.addEventListener("dragstart", (event) => {
    dragged = row;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.id);
    event.dataTransfer.setDragImage(row, 10, 10);
    row.classList.add("dragged");
  });
  tools.append(grip, button("↑", words.up, () => move(row, -1)), button("↓", words.down, () => move(row, 1)));
  row.prepend(tools);
  row.addEventListener("dragover", (event) => over(event, row));
  row.addEventListener("drop", (event) => event.preventDefault());
}

function button(sign, label, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "button plain small", textContent: sign });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", () => { act(); made.focus(); });
  return made;
}

function move(row, by) {
  const other = rowsBeside(row)[rowsBeside(row).indexOf(row) + by];
  if (!other) return;
  if (by < 0) other.before(row);
  else other.after(row);
  number(row);
}

function over(event, row) {
  if (!dragged || dragged.parentElement !== row.parentElement) return;
  event.preventDefault();
  if (dragged === row) return;
  const { top, height } = row.getBoundingClientRect();
  if (event.clientY < top + height / 2) row.before(dragged);
  else row.after(dragged);
  number(row);
}

function number(row) {
  rowsBeside(row).forEach((one, place) => { order(one).value = (place + 1) * STEP; });
}
