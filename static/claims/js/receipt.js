import { ApiError, api } from "./api.js";
import { button, fillWith, focusOn, h, icon, notice } from "./dom.js";
import { formatDateTime } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { login } from "./login_page.js";
import { SECTIONS } from "./steps/review.js";

const app = document.getElementById("app");
const number = decodeURIComponent(location.pathname.split("/")[2]);

async function start() {
  try {
    draw(await api.claim(number));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) await askToLogIn();
    else failed(error);
  }
}

async function askToLogIn() {
  try {
    const { limits } = await api.definition();
    login(app, { reason: "", number, codeLength: limits.code_length, onLoggedIn: start });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    failed(error);
  }
}

function failed(error) {
  fillWith(
    app,
    h("h1", { class: "step__title" }, gettext("The receipt could not be shown")),
    notice("danger", error.message),
    h("div", { class: "actions" }, h("a", { class: "button button--primary", href: "/" }, gettext("To my claims"))),
  );
}

function draw(claim) {
  const statusPage = `/claims/${encodeURIComponent(claim.number)}/`;
  if (!claim.submitted_at) {
    location.replace(statusPage);
    return;
  }
  const title = h("h1", { class: "step__title", tabindex: "-1" }, gettext("Your claim is in. Thank you."));
  fillWith(
    app,
    h(
      "article",
      { class: "receipt", testid: "receipt" },
      h(
        "header",
        { class: "receipt__head" },
        icon("check-circle", "receipt__mark"),
        title,
        h("p", { class: "receipt__label" }, gettext("Claim number")),
        h("p", { class: "receipt__number", testid: "receipt-number" }, claim.number),
        h("p", { class: "muted" }, fill(gettext("Received on %(when)s"), { when: formatDateTime(claim.submitted_at) })),
        claim.email && h("p", { class: "muted" }, fill(gettext("A copy goes to %(email)s."), { email: claim.email })),
      ),
      h(
        "div",
        { class: "actions actions--start no-print" },
        h(
          "a",
          { class: "button button--primary", href: statusPage, testid: "status-page" },
          icon("arrow-right"),
          gettext("Follow the claim"),
        ),
        h(
          "a",
          { class: "button button--secondary", href: api.receiptUrl(claim.number), download: "", testid: "receipt-pdf" },
          icon("download"),
          gettext("Download PDF"),
        ),
        button(gettext("Print"), { iconName: "printer", testid: "print", on: { click: () => print() } }),
      ),
      nextSteps(),
      claim.steps.filter((step) => SECTIONS[step.key]).map((step) => part(step, SECTIONS[step.key](claim))),
    ),
  );
  document.title = `${claim.number} – ${gettext("Receipt")}`;
  focusOn(title, { scroll: false });
}

function nextSteps() {
  const rows = [
    gettext("We read your claim and check the documents."),
    gettext("If something is missing, we write to you and it appears on the claim's page."),
    gettext("When there is a decision, you hear of it at once."),
  ];
  return h(
    "section",
    { class: "stack stack--tight" },
    h("h2", { class: "subtitle" }, gettext("What happens next")),
    h(
      "ol",
      { class: "next" },
      rows.map((text) => h("li", {}, text)),
    ),
  );
}

function part(step, rows) {
  const shown = rows.filter(([, value]) => value);
  if (!shown.length) return null;
  return h(
    "section",
    { class: "review" },
    h("h2", { class: "review__title" }, step.title),
    h(
      "dl",
      { class: "answers" },
      shown.map(([name, value]) => h("div", { class: "answers__row" }, h("dt", {}, name), h("dd", {}, value))),
    ),
  );
}

start();
