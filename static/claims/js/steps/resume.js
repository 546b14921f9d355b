import { button, h, icon, notice } from "../dom.js";
import { formatDate, formatDateTime } from "../format.js";
import { fill, gettext } from "../i18n.js";

/**
 * Which claim: go on with an unfinished one, look at a sent one, or begin anew.
 * @param {{claims: any[], lost: boolean, onPick: (number: string) => void, onNew: (control: HTMLElement) => void}} options
 * `lost`: the draft that was open is no longer kept.
 */
export function resumeView({ claims, lost, onPick, onNew }) {
  const drafts = claims.filter((claim) => !claim.submitted_at && claim.status === "draft");
  const sent = claims.filter((claim) => claim.submitted_at);
  const begin = button(gettext("Begin a new claim"), {
    variant: drafts.length ? "secondary" : "primary",
    testid: "begin-new",
  });
  begin.addEventListener("click", () => onNew(begin));
  return {
    key: "resume",
    title: drafts.length ? gettext("You have an unfinished claim") : gettext("Welcome back"),
    lead: drafts.length
      ? gettext("Everything you entered is here. Go on where you stopped, or begin a new claim.")
      : undefined,
    continueLabel: null,
    body: h(
      "div",
      { class: "stack" },
      lost &&
        notice(
          "attention",
          gettext("This draft is no longer kept"),
          h(
            "p",
            {},
            gettext(
              "A draft is kept for 48 hours after its last change. Please begin a new claim; we are sorry for the trouble.",
            ),
          ),
        ),
      drafts.map((claim) => draftCard(claim, onPick)),
      begin,
      sent.length > 0 &&
        h(
          "section",
          { class: "stack stack--tight" },
          h("h2", { class: "subtitle" }, gettext("Claims you sent")),
          sent.map(sentCard),
        ),
    ),
  };
}

function draftCard(claim, onPick) {
  const go = button(fill(gettext("Continue the claim begun on %(date)s"), { date: formatDate(claim.created_at) }), {
    variant: "primary",
    testid: "resume-claim",
    on: { click: () => onPick(claim.number) },
  });
  return h(
    "article",
    { class: "card resume" },
    h("p", { class: "resume__title" }, claim.event_title || gettext("What happened is not told yet")),
    h("p", { class: "muted" }, claim.number),
    h(
      "p",
      { class: "aside-note" },
      icon("clock"),
      h("span", {}, fill(gettext("Kept until %(when)s"), { when: formatDateTime(claim.expires_at) })),
    ),
    go,
  );
}

function sentCard(claim) {
  return h(
    "a",
    { class: "card card--link", href: `/claims/${encodeURIComponent(claim.number)}/`, testid: "sent-claim" },
    h(
      "span",
      { class: "card__main" },
      h("strong", {}, claim.event_title || claim.number),
      h("span", { class: "muted" }, `${claim.number} · ${formatDate(claim.submitted_at)}`),
      h("span", { class: "badge badge--info" }, claim.status_label),
    ),
    icon("arrow-right"),
  );
}

/** The phone step of somebody who is logged in already. */
export function signedInView({ phone, onLogout }) {
  const leave = button(gettext("Use another number"), { testid: "use-another-number", on: { click: onLogout } });
  return {
    key: "phone",
    title: gettext("Your phone is confirmed"),
    lead: fill(gettext("You are logged in as %(phone)s."), { phone }),
    body: h("div", { class: "stack" }, leave),
  };
}
