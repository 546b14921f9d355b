/* Puts what changed into an open page, and keeps what somebody is typing. */

const FIELDS = "textarea, select, input:not([type=hidden])";

/**
 * Replaces each part of the page that differs in `found`.
 * @param {Document} root @param {Document} found @param {{kept: string, show: string}} words
 */
export function swap(root, found, words) {
  for (const old of root.querySelectorAll("[data-part]")) {
    const fresh = found.querySelector(`[data-part="${old.dataset.part}"]`);
    if (!fresh || old.dataset.keep || plain(old) === plain(fresh)) continue;
    if (lost(old, fresh)) postpone(old, fresh, words);
    else replace(old, fresh);
  }
}

/** The part as the server drew it: without tokens, and without what only this page knows. */
function plain(part) {
  const copy = part.cloneNode(true);
  for (const gone of copy.querySelectorAll("input[name=csrfmiddlewaretoken], .kept")) gone.remove();
  for (const open of copy.querySelectorAll("details[open]")) open.removeAttribute("open");
  for (const busy of copy.querySelectorAll("[aria-busy], [data-sent]")) {
    busy.removeAttribute("aria-busy");
    busy.removeAttribute("data-sent");
  }
  return copy.innerHTML.replace(/>\s+</g, "><");
}

function touched(part) {
  return [...part.querySelectorAll(FIELDS)].filter((field) => field.id && value(field) !== initial(field));
}

const value = (field) => (field.type === "checkbox" ? String(field.checked) : field.value);

function initial(field) {
  if (field.type === "checkbox") return String(field.defaultChecked);
  if (field.tagName !== "SELECT") return field.defaultValue;
  return [...field.options].find((option) => option.defaultSelected)?.value ?? field.options[0]?.value ?? "";
}

/** Would something that was typed have no field any more? */
function lost(old, fresh) {
  return touched(old).some((field) => !fresh.querySelector(`#${CSS.escape(field.id)}`));
}

function replace(old, fresh) {
  const typed = touched(old).filter((field) => fresh.querySelector(`#${CSS.escape(field.id)}`)).map((field) => [field.id, field.value, field.checked]);
  const open = [...old.querySelectorAll("details[open][id]")].map((one) => one.id);
  const at = old.contains(document.activeElement) ? document.activeElement : null;
  const place = at && { id: at.id, from: at.selectionStart, to: at.selectionEnd };
  old.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  for (const [id, text, checked] of typed) {
    const field = document.getElementById(id);
    field.value = text;
    if (field.type === "checkbox") field.checked = checked;
  }
  const field = place?.id && document.getElementById(place.id);
  if (!field) return;
  field.focus({ preventScroll: true });
  if (place.from !== undefined && place.from !== null) field.setSelectionRange?.(place.from, place.to);
}

function postpone(old, fresh, words) {
  old.querySelector(".kept")?.remove();
  const note = document.createElement("p");
  note.className = "kept bar warn";
  note.append(words.kept, " ");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link-button";
  button.textContent = words.show;
  button.addEventListener("click", () => replace(old, fresh.cloneNode(true)));
  note.append(button);
  old.prepend(note);
}
