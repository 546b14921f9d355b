/* What every page of the desk does: menus that close, and forms that are sent once. */

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.chip[open], details.decide[open]")) {
    if (!open.contains(event.target) && !typed(open)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.chip[open], details.decide[open]")) {
    if (!open.contains(document.activeElement) && !open.classList.contains("chip")) continue;
    open.open = false;
    open.querySelector("summary").focus();
  }
});

document.addEventListener("toggle", (event) => {
  const opened = event.target;
  if (!opened.open || !opened.matches?.("details.decide, details.ask")) return;
  // Only if somebody has just opened it: a live change opens it again around what is being written.
  if (document.activeElement === opened.querySelector("summary")) opened.querySelector("select, textarea, input:not([type=hidden])")?.focus();
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

/** Has somebody begun to write in here? */
function typed(element) {
  return [...element.querySelectorAll("textarea, input[type=text]")].some((field) => field.value !== field.defaultValue);
}
