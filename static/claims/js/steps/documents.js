import { h, icon } from "../dom.js";
import { formatBytes } from "../format.js";
import { fill, gettext } from "../i18n.js";
import { missingProblems } from "../missing.js";
import { SlotList, requestNotices } from "../slots.js";

/** A place for each document that is needed. */
export function documentsView({ store, uploads, definition, refresh }) {
  const slots = new SlotList({ store, uploads, refresh });
  const requests = h("div", { class: "stack" }, requestNotices(store.claim));
  return {
    key: "documents",
    title: gettext("Documents"),
    lead: gettext("Photos from your phone are fine. You can go on while they are being sent."),
    body: h(
      "div",
      { class: "stack" },
      requests,
      slots.el,
      h(
        "p",
        { class: "aside-note" },
        icon("info"),
        h(
          "span",
          {},
          fill(gettext("One file may have up to %(most)s. Original files stay as you sent them."), {
            most: formatBytes(definition.limits.max_file_bytes),
          }),
        ),
      ),
    ),
    mayGoOn: true,
    update: () => slots.update(),
    dispose: () => slots.dispose(),
    async proceed() {
      await refresh();
      const problems = missingProblems(
        store.step("documents"),
        [...slots.shown.values()].map((slot) => ({
          attr: `documents.${slot.slot.key}`,
          setError: () => {},
          focus: () => slot.focus(),
        })),
      );
      // A file that is on its way is not missing: it goes on being sent while the person goes on.
      return problems.filter(({ attr }) => !uploads.busyFor((attr ?? "").split(".").pop()));
    },
  };
}
