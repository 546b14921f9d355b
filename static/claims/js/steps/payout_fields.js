import { caretAfterDigits } from "../checks.js";
import { h, icon } from "../dom.js";
import { Field } from "../fields.js";
import { gettext } from "../i18n.js";
import { formatted, hintFor } from "../requisite_hints.js";

/** The ways to be paid. */
export const KINDS = [
  {
    kind: "bank",
    iconName: "bank",
    title: () => gettext("Bank account"),
    about: () => gettext("BIK and account number"),
  },
  {
    kind: "card",
    iconName: "card",
    title: () => gettext("Bank card"),
    about: () => gettext("The number on its front"),
  },
  {
    kind: "sbp",
    iconName: "phone",
    title: () => gettext("By phone (SBP)"),
    about: () => gettext("Fast Payments System"),
  },
];

/** One of them as a card with a radio button. */
export function kindCard({ kind, iconName, title, about }, checked, pick) {
  const input = h("input", {
    type: "radio",
    name: "requisites-kind",
    value: kind,
    id: `requisites-kind-${kind}`,
    testid: `requisites-kind-${kind}`,
    checked,
    on: { change: () => pick(kind) },
  });
  return h(
    "label",
    { class: "type", for: input.id },
    input,
    h("span", { class: "type__icon" }, icon(iconName)),
    h(
      "span",
      { class: "type__words" },
      h("span", { class: "type__title" }, title()),
      h("span", { class: "type__about" }, about()),
    ),
  );
}

const quiet = () => {};

const field = (name, spec) =>
  new Field({ attr: `requisites.${name}`, kind: "text", required: true, onChange: quiet, ...spec });

/** The inputs of each kind. Nothing of them is kept on the device. */
const FIELDS = {
  bank: () => [
    field("bik", { label: gettext("BIK of the bank"), help: gettext("Nine digits"), inputmode: "numeric", max: 12 }),
    field("account", {
      label: gettext("Account number"),
      help: gettext("Twenty digits, from your bank's app: “Account details”"),
      inputmode: "numeric",
      max: 30,
    }),
    field("recipient", {
      label: gettext("Recipient"),
      help: gettext("Full name, as the bank knows it"),
      autocomplete: "name",
      max: 160,
    }),
    field("inn", { label: gettext("INN of the recipient"), required: false, inputmode: "numeric", max: 14 }),
  ],
  card: () => [
    field("number", {
      label: gettext("Card number"),
      help: gettext("16 to 19 digits on the front of the card"),
      inputmode: "numeric",
      autocomplete: "off",
      max: 25,
    }),
  ],
  sbp: ({ banks }) => [
    field("phone", { kind: "phone", label: gettext("Phone linked to the bank"), autocomplete: "tel", max: 20 }),
    field("bank_id", {
      kind: "choice",
      label: gettext("Bank"),
      choices: banks.map(({ id, name }) => ({ value: id, label: name })),
    }),
  ],
};

/** The API's name of an input. */
export const nameOf = (one) => one.attr.replace("requisites.", "");

/** The inputs of one kind, with their hints. */
export function payoutFields(kind, definition) {
  const fields = FIELDS[kind](definition);
  watchHints(fields);
  return fields;
}

/** Groups the digits and gives a word of help while typing, by the same rules that the server holds. */
function watchHints(fields) {
  const left = new Set();
  const hints = () => {
    const values = Object.fromEntries(fields.map((one) => [nameOf(one), one.value ?? ""]));
    for (const one of fields) {
      const { text, good } = hintFor(nameOf(one), values, left.has(one));
      one.setHint(text, good);
    }
  };
  for (const one of fields.filter((each) => each.target instanceof HTMLInputElement)) {
    one.target.addEventListener("input", () => {
      one.setError(null);
      regroup(one);
      hints();
    });
    one.target.addEventListener("blur", () => {
      left.add(one);
      hints();
    });
  }
}

function regroup(one) {
  const { target } = one;
  const text = formatted(nameOf(one), target.value);
  if (text === target.value) return;
  const digitsBefore = target.value.slice(0, target.selectionStart).replace(/[^0-9A-Za-z]/g, "").length;
  target.value = text;
  const caret = caretAfterDigits(text, digitsBefore);
  target.setSelectionRange(caret, caret);
}
