import { ApiError, api } from "./api.js";
import { announce, button, focusOn, h, icon, notice, reconcile, whileBusy } from "./dom.js";
import { Field } from "./fields.js";
import { formatAnswer } from "./format.js";
import { fill, gettext } from "./i18n.js";
import { sameValue } from "./saver.js";
import { beyondTitle } from "./why.js";

/**
 * What staff asked for and is still open: a document with a jump to its slot, a question with its field.
 */
export class RequestList {
  /**
   * @param {{store: import("./store.js").ClaimStore, currencies: string[], onJump: (slot: string) => void,
   *   onAnswered: () => void}} options
   */
  constructor(options) {
    this.options = options;
    this.el = h("div", { class: "stack", testid: "requests" });
    /** @type {Map<string, any>} */
    this.shown = new Map();
  }

  /** What is typed and not sent stays in sight when its question is answered elsewhere. */
  update(claim) {
    const asked = claim.requests.filter(isLastOfItsQuestion);
    const keys = new Set(asked.map(keyOf));
    const unsent = [...this.shown].filter(([key, part]) => part.unsent && !keys.has(key)).map(([, part]) => part);
    const rows = [...asked, ...unsent.map(({ request, sending }) => ({ ...request, answered: !sending }))];
    reconcile(this.el, rows, keyOf, this.shown, (request) => this.#row(request, claim));
  }

  #row(request, claim) {
    const question = request.kind === "question" && claim.questions.find(({ key }) => key === request.slot);
    if (question) {
      const { store } = this.options;
      const onSettled = () => store.claim && this.update(store.claim);
      return new AskedQuestion(request, question, { ...this.options, onSettled });
    }
    const slot = claim.slots.find(({ key }) => key === request.slot);
    const title = slot?.title ?? gettext("We need something from you");
    const jump = slot && slotLink(slot.key, gettext("Go to this document"), this.options.onJump);
    const text = beyondTitle(request.text, title);
    return { el: notice("attention", title, text && h("p", {}, text), jump && h("p", {}, jump)) };
  }
}

/** A question that is asked again keeps its field. */
const keyOf = ({ kind, slot, at, text }) => (kind === "question" ? [kind, slot] : [kind, slot, at, text]).join(" ");

/** A question that was asked twice has one field. */
function isLastOfItsQuestion(request, index, all) {
  const isSame = ({ kind, slot }) => kind === "question" && slot === request.slot;
  return request.kind !== "question" || all.findLastIndex(isSame) === index;
}

/** A link to a slot of this page; the focus goes along. */
export function slotLink(key, text, onJump) {
  const follow = (event) => {
    event.preventDefault();
    history.replaceState(history.state, "", `#slot-${key}`);
    onJump(key);
  };
  return h("a", { href: `#slot-${key}`, class: "notice__link", testid: "to-slot", on: { click: follow } }, text);
}

const ANSWERED_ELSEWHERE = () =>
  gettext("This question has been answered in another window or on another device. What you typed here was not sent:");

class AskedQuestion {
  constructor(request, question, { store, currencies, onAnswered, onSettled }) {
    this.store = store;
    this.question = question;
    this.onAnswered = onAnswered;
    this.onSettled = onSettled;
    this.sending = false;
    this.field = new Field({
      ...question,
      attr: `answers.${question.key}`,
      required: true,
      max: question.max ?? undefined,
      currencies,
      onChange: () => {},
    });
    this.known = question.value ?? store.valueOf(this.field.attr);
    this.field.value = this.known;
    this.text = h("p", {});
    this.send = button(gettext("Send the answer"), { variant: "primary", testid: "answer-send", type: "submit" });
    this.typed = h("p", { class: "request__typed" });
    const hide = button(gettext("Hide"), { testid: "answer-hide", on: { click: () => this.#hide() } });
    this.tooLate = h(
      "div",
      { class: "stack stack--tight", testid: "answered-elsewhere", hidden: true },
      h("p", {}, ANSWERED_ELSEWHERE()),
      this.typed,
      h("div", { class: "actions actions--start" }, hide),
    );
    this.el = h(
      "form",
      {
        class: "card request",
        novalidate: true,
        testid: `request-${question.key}`,
        tabindex: "-1",
        "aria-label": fill(gettext("A question to you: %(question)s"), { question: question.label }),
        on: { submit: (event) => this.#submitted(event) },
      },
      h("p", { class: "request__title" }, icon("message"), h("span", {}, gettext("We have a question"))),
      this.text,
      this.field.el,
      h("div", { class: "actions actions--start" }, this.send),
      this.tooLate,
    );
    this.update(request);
  }

  /** Whether something is in the field that the server does not have. */
  get unsent() {
    return this.sending || (this.field.value !== null && !sameValue(this.field.value, this.known));
  }

  /** @param {any} request of the API; `answered`: elsewhere, while something was typed here */
  update(request) {
    const answered = Boolean(request.answered);
    const isNews = answered && this.tooLate.hidden;
    const hadFocus = this.el.contains(document.activeElement);
    this.request = request;
    this.text.textContent = answered ? this.question.label : beyondTitle(request.text, this.question.label);
    this.text.hidden = !this.text.textContent;
    this.typed.textContent = formatAnswer(this.question, this.field.value);
    this.tooLate.hidden = !answered;
    this.field.el.hidden = answered;
    this.send.hidden = answered;
    if (!isNews) return;
    announce(ANSWERED_ELSEWHERE());
    if (hadFocus) focusOn(this.el);
  }

  #hide() {
    this.known = this.field.value;
    this.onSettled();
    this.onAnswered();
  }

  async #submitted(event) {
    event.preventDefault();
    const { value } = this.field;
    if (value === null) {
      this.field.setError(gettext("Please answer before you send it."));
      this.field.focus();
      return;
    }
    await whileBusy(this.send, () => this.#answer(value));
  }

  async #answer(value) {
    this.sending = true;
    try {
      const claim = await api.answer(this.store.number, { [this.question.key]: value });
      this.known = value;
      this.store.take(claim);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) return;
      this.field.setError(error.message);
      this.field.focus();
      return;
    } finally {
      this.sending = false;
      this.onSettled();
    }
    announce(gettext("Thank you, we have your answer."));
    this.onAnswered();
  }
}
