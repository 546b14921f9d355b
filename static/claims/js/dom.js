import { ICONS } from "./icons.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Builds an element. Text goes in as text nodes only, so data can never become markup.
 * Props: `class`, `dataset`, `on` (listeners), properties that are not attributes (`value`, `checked`, `disabled`,
 * `hidden`, `multiple`, `max`…) and attributes by their HTML names; `null`, `undefined` and `false` are left out.
 *
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Node|string|null|false|undefined|Array)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "on")
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === "value" || name === "checked") element[name] = value;
    else if (name === "testid") element.dataset.testid = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** A line drawing by its name in icons.js; decoration only, so it is hidden from screen readers. */
export function icon(name, extraClass = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  svg.setAttribute("class", `icon ${extraClass}`.trim());
  for (const d of ICONS[name] ?? ICONS.info) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Puts the children in place of whatever the element held. */
export function fillWith(element, ...children) {
  element.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/**
 * Shows rows by their key and keeps the nodes of rows that stay, so that focus and typed text survive an update.
 *
 * @template T
 * @param {HTMLElement} container
 * @param {T[]} rows
 * @param {(row: T) => string} keyOf
 * @param {Map<string, {el: HTMLElement, update?: (row: T) => void}>} shown kept by the caller between calls
 * @param {(row: T) => {el: HTMLElement, update?: (row: T) => void}} make
 */
export function reconcile(container, rows, keyOf, shown, make) {
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  const wanted = new Set(rows.map(keyOf));
  for (const [key, part] of shown) {
    if (!wanted.has(key)) {
      part.el.remove();
      shown.delete(key);
    }
  }
  let before = container.firstChild;
  for (const row of rows) {
    const key = keyOf(row);
    let part = shown.get(key);
    if (part) part.update?.(row);
    else shown.set(key, (part = make(row)));
    if (part.el === before) before = before.nextSibling;
    else container.insertBefore(part.el, before);
  }
  // A node that moves loses the focus on its way.
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

/** Says a sentence to screen readers without moving the focus. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  // A region must change after it was empty, or the same sentence twice is said once.
  setTimeout(() => (region.textContent = text), 50);
}

/** Moves the focus to a heading or a group that is not focusable by itself. */
export function focusOn(element, { scroll = true } = {}) {
  if (!element) return;
  if (!element.matches("a[href], button, input, select, textarea, summary, [tabindex]")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  if (scroll) element.scrollIntoView({ block: "nearest" });
}

/** A button with an optional icon; `type=button` unless told. */
export function button(label, { variant = "secondary", iconName, ...props } = {}) {
  return h(
    "button",
    { type: "button", class: `button button--${variant}`, ...props },
    iconName && icon(iconName),
    h("span", {}, label),
  );
}

/** A message box: `tone` is info, success, attention or danger. */
export function notice(tone, title, ...body) {
  const pictures = { info: "info", success: "check-circle", attention: "alert", danger: "alert" };
  return h(
    "div",
    { class: `notice notice--${tone}`, testid: `notice-${tone}` },
    icon(pictures[tone]),
    h("div", { class: "notice__body" }, title && h("p", { class: "notice__title" }, title), ...body),
  );
}

/** Runs `work` once at a time: while it runs the control is busy and further presses do nothing. */
export async function whileBusy(control, work) {
  if (control.getAttribute("aria-busy") === "true") return undefined;
  control.setAttribute("aria-busy", "true");
  control.setAttribute("aria-disabled", "true");
  try {
    return await work();
  } finally {
    control.removeAttribute("aria-busy");
    control.removeAttribute("aria-disabled");
  }
}
