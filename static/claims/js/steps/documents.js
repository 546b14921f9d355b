import { AdviceLine } from "../advice.js";
import { h, icon } from "../dom.js";
import { formatBytes } from "../format.js";
import { fill, gettext, ngettext } from "../i18n.js";
import { missingProblems } from "../missing.js";
import { SlotList } from "../slots.js";

/** A place for each document that is needed. */
export function documentsView({ store, uploads, definition, refresh }) {
  const slots = new SlotList({ store, uploads, refresh });
  const advice = new AdviceLine();
  /** Rejected documents that the person was told of on leaving: once is enough. @type {Set<string>} */
  const pointedOut = new Set();
  advice.update(store.claim);

  const rejected = () =>
    store.claim.slots.filter((slot) => slot.state === "rejected" && !uploads.busyFor(slot.key) && slot.documents.length);
  const isNews = (slot) => slot.documents.some(({ id }) => !pointedOut.has(id));

  return {
    key: "documents",
    title: gettext("Documents"),
    lead: gettext("Photos from your phone are fine. You can go on while they are being sent."),
    body: h(
      "div",
      { class: "stack" },
      advice.el,
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
    ask: (problems) =>
      problems.every((problem) => problem.rejected)
        ? { title: rejectedTitle(problems.length), laterLabel: gettext("Go on as it is") }
        : {},
    stillAsks: () => rejected().some((slot) => pointedOut.has(slot.documents.at(-1).id)),
    update(claim) {
      advice.update(claim);
      slots.update();
    },
    dispose: () => slots.dispose(),
    async proceed() {
      await refresh();
      const bad = rejected();
      const news = bad.filter(isNews);
      for (const slot of bad) for (const { id } of slot.documents) pointedOut.add(id);
      const badKeys = new Set(bad.map(({ key }) => key));
      // A file that is on its way is not missing: it goes on being sent while the person goes on.
      const missing = missingProblems(store.step("documents"), fieldsOf(slots)).filter(
        ({ attr }) => !uploads.busyFor(keyOf(attr)) && !badKeys.has(keyOf(attr)),
      );
      return [...missing, ...news.map((slot) => rejectedProblem(slot, slots))];
    },
  };
}

const keyOf = (attr) => (attr ?? "").split(".").pop();

const rejectedTitle = (count) =>
  fill(
    ngettext(
      "%(count)s document does not fit. Send another or go on?",
      "%(count)s documents do not fit. Send others or go on?",
      count,
    ),
    { count },
  );

function rejectedProblem(slot, slots) {
  return {
    attr: `documents.${slot.key}`,
    text: fill(gettext("%(title)s: please send another."), { title: slot.title }),
    focus: () => slots.focus(slot.key),
    rejected: true,
  };
}

const fieldsOf = (slots) =>
  [...slots.shown.values()].map((slot) => ({
    attr: `documents.${slot.slot.key}`,
    setError: () => {},
    focus: () => slot.focus(),
  }));
