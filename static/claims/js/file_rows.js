import { announce, button, fillWith, h, icon } from "./dom.js";
import { formatBytes, formatPercent } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { documentState } from "./states.js";

/**
 * A stored file. `can` is asked at each update, `waived` and `filled` are its slot; `onReplace` and `onKeep` answer a rejection.
 * @param {any} first
 * @param {{can: () => {remove: boolean, replace: boolean, waived: boolean, filled: boolean},
 *   onRemove: (control: HTMLElement) => void, onReplace: () => void, onKeep: (control: HTMLElement) => void}} options
 */
export function documentRow(first, { can, onRemove, onReplace, onKeep }) {
  const state = h("span", {});
  const reason = h("p", { class: "file__reason", testid: "document-reason", hidden: true });
  const picture = h("span", { class: "file__picture" }, icon("file"));
  const showPreview = (url) => {
    const image = h("img", { src: url, alt: "", width: 56, height: 56 });
    image.addEventListener("load", () => picture.replaceChildren(image), { once: true });
  };
  let previewUrl = null;
  const name = first.download_url
    ? h("a", { class: "file__name", href: first.download_url }, first.name)
    : h("span", { class: "file__name" }, first.name);
  const remove = button(gettext("Remove"), {
    variant: "quiet",
    iconName: "trash",
    testid: "document-remove",
    "aria-label": fill(gettext("Remove %(name)s"), { name: first.name }),
    on: { click: () => onRemove(remove) },
  });
  const replace = button(gettext("Choose another"), {
    iconName: "upload",
    testid: "document-replace",
    "aria-label": fill(gettext("Choose another instead of %(name)s"), { name: first.name }),
    on: { click: onReplace },
  });
  const keep = h(
    "button",
    { type: "button", class: "link", testid: "document-keep", on: { click: () => onKeep(keep) } },
    gettext("It is the right one, keep it"),
  );
  const answers = h("div", { class: "file__answers", hidden: true }, replace, keep);
  const el = h(
    "li",
    { class: "file", testid: "document" },
    picture,
    h("div", { class: "file__about" }, name, h("p", { class: "file__meta" }, formatBytes(first.size), " · ", state)),
    reason,
    answers,
    remove,
  );
  const update = (document) => {
    const allowed = can();
    const settled = allowed.filled && document.judged_by !== "staff"; // a person's word asks for another in any case
    const [tone, words] = documentState(document, settled || allowed.waived);
    fillWith(state, h("span", { class: `tone--${tone}` }, words));
    el.dataset.state = document.state;
    if (document.preview_url !== previewUrl) showPreview((previewUrl = document.preview_url));
    reason.textContent = document.reason ?? "";
    reason.hidden = !document.reason;
    replace.hidden = !document.wants_better || !allowed.replace || settled;
    keep.hidden = !document.can_keep;
    answers.hidden = replace.hidden && keep.hidden;
    remove.hidden = !allowed.remove;
  };
  update(first);
  return { el, update };
}

/**
 * A file on its way.
 * @param {import("./uploads.js").Upload} first @param {{onRetry: () => void, onCancel: () => void}} options
 */
export function uploadRow(first, { onRetry, onCancel }) {
  const words = h("p", { class: "file__meta" });
  const bar = h("progress", {
    class: "file__progress",
    max: "100",
    "aria-label": fill(gettext("Sent of %(name)s"), { name: first.name }),
  });
  const retry = button(gettext("Try again"), {
    iconName: "refresh",
    testid: "upload-retry",
    on: { click: onRetry },
  });
  const cancel = button("", { variant: "quiet", iconName: "x", testid: "upload-cancel", on: { click: onCancel } });
  const el = h(
    "li",
    { class: "file file--moving", testid: "upload" },
    h("span", { class: "file__picture" }, icon("file")),
    h("div", { class: "file__about" }, h("p", { class: "file__name" }, first.name), words, bar, retry),
    cancel,
  );
  let said = first.state;
  const update = (row) => {
    const over = row.state === "failed" || row.state === "lost";
    el.dataset.state = row.state;
    cancel.lastChild.textContent = over ? gettext("Remove") : gettext("Cancel");
    cancel.setAttribute("aria-label", `${cancel.textContent}: ${row.name}`);
    words.textContent = uploadWords(row);
    words.classList.toggle("tone--danger", row.state === "failed");
    bar.hidden = over;
    if (row.state === "checking" || row.state === "queued" || row.state === "waiting") bar.removeAttribute("value");
    else bar.value = Math.round(row.sent * 100);
    retry.hidden = !(row.state === "failed" && row.canRetry) && row.state !== "waiting";
    if (row.state !== said && ["failed", "waiting"].includes(row.state)) announce(`${row.name}: ${words.textContent}`);
    said = row.state;
  };
  update(first);
  if (first.state === "failed") announce(`${first.name}: ${first.error}`);
  return { el, update };
}

function uploadWords(row) {
  const size = formatBytes(row.size);
  switch (row.state) {
    case "queued":
      return fill(gettext("%(size)s · next in line"), { size });
    case "sending":
      return fill(gettext("%(size)s · sending, %(percent)s"), { size, percent: formatPercent(row.sent) });
    case "checking":
      return fill(gettext("%(size)s · sent, being checked"), { size });
    case "waiting":
      return row.error || gettext("No network. It goes on by itself as soon as there is one. Please keep this page open.");
    case "lost":
      return gettext("The page was reloaded before it arrived. Please choose this file again.");
    default:
      return row.error;
  }
}
