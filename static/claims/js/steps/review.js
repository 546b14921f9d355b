import { ApiError, api, uniqueKey } from "../api.js";
import { h, icon, notice } from "../dom.js";
import { fieldId } from "../fields.js";
import { formatAnswer, formatBytes, formatDate } from "../format.js";
import { fill, gettext, language, ngettext } from "../i18n.js";
import { withWait } from "../login.js";
import { waivedText } from "../states.js";
import { tabStorage } from "../storage.js";

/** All answers on one page, each with a way back; what is missing; the consents; the button. */
export function reviewView({ store, saver, uploads, definition, router, onSubmitted }) {
  const keyName = `submit.${store.number}`;
  const missing = h("div", { class: "stack", testid: "review-missing" });
  const answers = h("div", { class: "stack" });
  const consents = definition.consents.map(consentField);
  draw();

  function draw() {
    const { claim } = store;
    const open = claim.steps.filter((step) => step.key !== "review" && step.missing.length);
    missing.replaceChildren(
      ...(open.length
        ? [missingCard(open, router)]
        : [
            notice(
              "success",
              gettext("Everything is here"),
              h("p", {}, gettext("Please look it over once more and send it.")),
            ),
          ]),
    );
    answers.replaceChildren(
      ...claim.steps
        .filter((step) => SECTIONS[step.key])
        .map((step) => section(step, SECTIONS[step.key](claim), router)),
    );
  }

  return {
    key: "review",
    title: gettext("Check and send"),
    lead: gettext("You can still change anything. After sending you can add documents at any time."),
    body: h(
      "div",
      { class: "stack stack--wide" },
      missing,
      answers,
      h(
        "fieldset",
        { class: "fieldset consents" },
        h("legend", { class: "subtitle" }, gettext("Your consent")),
        consents.map((consent) => consent.el),
      ),
    ),
    continueLabel: gettext("Send the claim"),
    update: draw,
    async proceed() {
      if (uploads.busy)
        return [
          { attr: null, text: gettext("Some files are still on their way. Please wait until they have arrived.") },
        ];
      const refused = consents.filter((consent) => !consent.allowed());
      if (refused.length) return refused.map((consent) => consent.refuse());
      if (!(await saver.flush()))
        return [
          {
            attr: null,
            text: gettext("No network. Everything is kept; please send the claim when the network is back."),
          },
        ];
      // The key outlives a lost answer and a reload: the same claim is never sent twice.
      const key = tabStorage.read(keyName) ?? uniqueKey();
      tabStorage.write(keyName, key);
      try {
        const given = consents.filter((consent) => consent.checked).map(({ kind, version }) => ({ kind, version }));
        const answer = await api.submit(store.number, given, key);
        tabStorage.drop(keyName);
        onSubmitted(answer.number);
        return null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 400) tabStorage.drop(keyName);
        if (error.has("claim_not_editable")) {
          onSubmitted(store.number);
          return null;
        }
        return error.errors.map(({ attr, detail }) => {
          const step = stepOf(attr, store.claim);
          return {
            attr,
            text: error.status === 429 ? withWait(error) : detail,
            focus: step && (() => router.go(step)),
          };
        });
      }
    },
  };
}

/** The step that can take a missing thing. */
function stepOf(attr, claim) {
  return claim.steps.find((step) => step.missing.some((one) => one.attr === attr))?.key;
}

function missingCard(steps, router) {
  const rows = steps.flatMap((step) =>
    step.missing.map(({ attr, detail }) => h("li", {}, stepLink(router, step.key, detail, { attr }))),
  );
  const count = rows.length;
  const words = fill(ngettext("%(count)s thing is still missing", "%(count)s things are still missing", count), {
    count,
  });
  return notice("attention", words, h("ul", { class: "missing" }, rows));
}

function stepLink(router, key, text, props = {}) {
  const follow = (event) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    router.go(key);
    if (props.attr) document.getElementById(fieldId(props.attr))?.focus();
  };
  return h(
    "a",
    { href: router.href(key), testid: props.testid, "aria-label": props.label, on: { click: follow } },
    text,
  );
}

function section(step, rows, router) {
  const id = `review-${step.key}`;
  const change = stepLink(router, step.key, gettext("Change"), {
    testid: `change-${step.key}`,
    label: fill(gettext("Change: %(title)s"), { title: step.title }),
  });
  change.classList.add("button", "button--quiet");
  const shown = rows.filter(([, value]) => value);
  return h(
    "section",
    { class: "card review", "aria-labelledby": id, testid: `review-${step.key}` },
    h("div", { class: "review__head" }, h("h2", { class: "review__title", id }, step.title), change),
    shown.length
      ? h(
          "dl",
          { class: "answers" },
          shown.map(([name, value]) => h("div", { class: "answers__row" }, h("dt", {}, name), h("dd", {}, value))),
        )
      : h("p", { class: "muted" }, gettext("Nothing entered")),
  );
}

/** What each step holds, in words: pairs of a name and a value. */
export const SECTIONS = {
  description: (claim) => [[gettext("In your words"), claim.description]],
  policy: (claim) => [
    [gettext("Policy number"), claim.policy?.number],
    [gettext("Insurer"), [claim.policy?.insurer, claim.policy?.product].filter(Boolean).join(" · ")],
    [
      gettext("Valid"),
      claim.policy?.valid_from && `${formatDate(claim.policy.valid_from)} – ${formatDate(claim.policy.valid_until)}`,
    ],
  ],
  event: (claim) => [
    [gettext("What happened"), claim.event_title],
    [gettext("Date"), formatDate(claim.event_date)],
    [gettext("Place"), claim.event_place],
    ...claim.questions.map((question) => [question.label, formatAnswer(question, claim.answers[question.key])]),
  ],
  documents: (claim) =>
    claim.slots.map((slot) => [
      slot.title,
      [...slot.documents.map(documentLine), waivedText(slot), slot.state === "waived" && slot.waived_note]
        .filter(Boolean)
        .join("\n"),
    ]),
  requisites: (claim) => [
    [
      gettext("How to pay you"),
      claim.requisites && [claim.requisites.summary, claim.requisites.bank_name].filter(Boolean).join(" · "),
    ],
    [gettext("Recipient"), claim.requisites?.recipient],
    [gettext("Confirmed"), claim.requisites && (claim.requisites.confirmed ? gettext("Yes") : gettext("No"))],
    [gettext("Email"), claim.email],
  ],
};

function documentLine({ name, size, state }) {
  const file = `${name} (${formatBytes(size)})`;
  return state === "rejected" ? fill(gettext("%(file)s – does not fit"), { file }) : file;
}

function consentField({ kind, version, title, text, required }) {
  const id = `consent-${kind}`;
  const error = h(
    "p",
    { class: "field__error", id: `${id}-error`, hidden: true },
    icon("alert"),
    h("span", {}, gettext("Without this consent we may not take the claim.")),
  );
  const input = h("input", { type: "checkbox", id, testid: id, "aria-required": required ? "true" : null });
  input.addEventListener("change", () => mark(false));
  const privacy = h("a", { href: `/privacy/#${kind}`, target: "_blank", rel: "noopener" }, gettext("Open as a page"));
  const el = h(
    "div",
    { class: "consent field" },
    h(
      "label",
      { class: "choice choice--check", for: id },
      input,
      h(
        "span",
        { class: "choice__label" },
        title,
        " ",
        !required && h("span", { class: "field__optional" }, gettext("optional")),
      ),
    ),
    text &&
      h(
        "details",
        { class: "consent__text", lang: language },
        h("summary", {}, gettext("Read the text")),
        h("p", {}, text),
        privacy,
      ),
    error,
  );

  function mark(wrong) {
    error.hidden = !wrong;
    if (wrong) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", error.id);
    } else {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
  }

  return {
    el,
    kind,
    version,
    get checked() {
      return input.checked;
    },
    allowed: () => input.checked || !required,
    refuse() {
      mark(true);
      return { attr: id, text: fill(gettext("Please agree: %(title)s"), { title }), focus: () => input.focus() };
    },
  };
}
