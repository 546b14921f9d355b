import { api } from "./api.js";
import { h, icon, notice } from "./dom.js";
import { formatDateTime } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { slotLink } from "./requests.js";

/** What has really happened to the claim since it was sent, and what has not yet. */
export function registrationRows(claim) {
  const { state, ticket_number, registered_at, documents_handed_over, documents_total } = claim.registration;
  if (state === "none") return [];
  const counts = { done: documents_handed_over, all: documents_total };
  return [
    h(
      "ul",
      { class: "progress", dataset: { state } },
      progressRow(true, fill(gettext("Received %(when)s."), { when: formatDateTime(claim.submitted_at) })),
      progressRow(
        Boolean(registered_at),
        registered_at ? registeredText(ticket_number, registered_at) : gettext("We are registering your claim."),
      ),
      documents_total > 0 &&
        progressRow(
          documents_handed_over >= documents_total,
          fill(gettext("Documents handed over: %(done)s of %(all)s."), counts),
        ),
    ),
    state === "waiting" &&
      notice(
        "info",
        gettext("It takes longer than usual"),
        h("p", {}, gettext("Nothing is lost: we go on by ourselves. You need not do anything.")),
      ),
  ];
}

function registeredText(number, at) {
  const when = formatDateTime(at);
  if (!number) return fill(gettext("Registered %(when)s."), { when });
  return fill(gettext("Registered with number %(number)s, %(when)s."), { number, when });
}

function progressRow(done, text) {
  return h(
    "li",
    { class: "progress__row", dataset: { done: String(done) } },
    icon(done ? "check-circle" : "clock"),
    h("span", {}, text),
  );
}

/** What is still missing, beside what staff ask for by name; a document is a way to its slot. */
export function missingNotice(claim, onJump) {
  const asked = new Set(claim.requests.map(({ slot }) => slot));
  const slots = new Set(claim.slots.map(({ key }) => key));
  const keyOf = (attr) => (attr ?? "").split(".").pop();
  const missing = claim.steps.flatMap((step) => step.missing).filter(({ attr }) => !asked.has(keyOf(attr)));
  if (!missing.length) return [];
  const line = ({ attr, detail }) =>
    attr?.startsWith("slots.") && slots.has(keyOf(attr)) ? slotLink(keyOf(attr), detail, onJump) : detail;
  return [
    notice(
      "attention",
      gettext("Still missing"),
      h(
        "ul",
        { class: "missing" },
        missing.map((one) => h("li", {}, line(one))),
      ),
    ),
  ];
}

export function links(claim) {
  const page = `/claims/${encodeURIComponent(claim.number)}`;
  return [
    claim.can.edit &&
      h(
        "a",
        { class: "button button--primary", href: `/?claim=${encodeURIComponent(claim.number)}`, testid: "go-on" },
        icon("arrow-right"),
        gettext("Go on filling in"),
      ),
    claim.submitted_at &&
      h(
        "a",
        { class: "button button--secondary", href: `${page}/receipt/`, testid: "receipt-page" },
        icon("file"),
        gettext("Receipt"),
      ),
    claim.receipt_url &&
      h(
        "a",
        { class: "button button--secondary", href: api.receiptUrl(claim.number), testid: "receipt-pdf" },
        icon("download"),
        gettext("Receipt as PDF"),
      ),
  ];
}

export function timelineRow({ at, code, text }) {
  return h(
    "li",
    { class: "timeline__item", dataset: { code } },
    h("span", { class: "timeline__text" }, text),
    h("time", { class: "timeline__at", datetime: at }, formatDateTime(at)),
  );
}
