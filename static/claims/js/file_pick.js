import { h, icon } from "./dom.js";
import { fill, gettext } from "./i18n.js";
import { acceptOf, takesPhotos } from "./uploads.js";

/**
 * The ways to add files to a slot: from the device, by the camera, by dropping.
 * @param {any} slot @param {{onFiles: (files: FileList) => void, onCancel: () => void}} options
 */
export function filePickers(slot, options) {
  return h(
    "div",
    { class: "slot__add" },
    picker(slot, "file", options),
    takesPhotos(slot.accepts) && picker(slot, "camera", options),
    h("span", { class: "slot__drop" }, gettext("or drop files here")),
  );
}

function picker(slot, kind, { onFiles, onCancel }) {
  const id = `${kind}-${slot.key}`;
  const camera = kind === "camera";
  const input = h("input", {
    type: "file",
    id,
    class: "filepick__input",
    testid: id,
    accept: camera ? "image/*" : acceptOf(slot.accepts),
    capture: camera ? "environment" : null,
    multiple: !camera && slot.max_files > 1,
    "aria-label": fill(camera ? gettext("Take a photo: %(title)s") : gettext("Choose a file: %(title)s"), {
      title: slot.title,
    }),
  });
  input.addEventListener("change", () => {
    onFiles(input.files);
    input.value = "";
  });
  input.addEventListener("cancel", onCancel);
  const words = camera ? gettext("Take a photo") : gettext("Choose a file");
  const look = `filepick filepick--${kind} button button--${camera ? "tonal" : "secondary"}`;
  return h("label", { class: look, for: id }, input, icon(camera ? "camera" : "upload"), h("span", {}, words));
}

/**
 * Lets files be dropped on an element.
 * @param {HTMLElement} el @param {{open: () => boolean, onFiles: (files: FileList) => void}} options
 */
export function takeDrops(el, { open, onFiles }) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files") || !open()) return;
    event.preventDefault();
    el.classList.add("slot--over");
  };
  el.addEventListener("dragenter", over);
  el.addEventListener("dragover", over);
  el.addEventListener("dragleave", (event) => {
    if (!el.contains(event.relatedTarget)) el.classList.remove("slot--over");
  });
  el.addEventListener("drop", (event) => {
    el.classList.remove("slot--over");
    if (!open() || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    onFiles(event.dataTransfer.files);
  });
}
