import {
  accountFormat,
  cardFormat,
  cardSystem,
  compact,
  readAccount,
  readBik,
  readCard,
  readInn,
  readPhone,
  readRecipient,
} from "./checks.js";
import { gettext } from "./i18n.js";

/** What a code of checks.js says to a person; the same sentences as the server's. */
const TEXTS = {
  bik_length: () => gettext("A BIK has exactly nine digits. Please check it."),
  bik_invalid: () => gettext("This can't be a bank's BIK: it is nine digits, as a rule starting with 04."),
  account_length: () => gettext("An account number has exactly twenty digits. Please check it."),
  account_invalid: () => gettext("An account number has digits only. Please check it."),
  account_checksum: () =>
    gettext("This account doesn't fit this BIK: there is a slip in one of them. Please compare both."),
  recipient_short: () => gettext("Enter the recipient's full name: at least the first and the last name."),
  recipient_long: () => gettext("The recipient's name is too long: a bank takes 160 characters at most."),
  recipient_number: () => gettext("This looks like a number. Enter the recipient's name here."),
  recipient_invalid: () => gettext("A name may have Russian, Ukrainian or Latin letters, spaces and hyphens."),
  inn_length: () => gettext("An INN has twelve digits for a person and ten for a firm. Please check it."),
  inn_invalid: () => gettext("This can't be an INN. It has digits only: twelve for a person, ten for a firm."),
  inn_checksum: () => gettext("There is a slip in the INN. Please compare it with the document, digit by digit."),
  card_length: () => gettext("A card number has 16 to 19 digits. Please check it."),
  card_invalid: () => gettext("This can't be a card number. It has digits only."),
  card_checksum: () => gettext("There is a slip in the card number. Please compare it with the card, digit by digit."),
  phone_invalid: () => gettext("This doesn't look like a mobile number. Please check the digits."),
  phone_not_mobile: () => gettext("This is not a mobile number. Please enter a mobile one."),
  country_not_served: () => gettext("Only Russian and Ukrainian mobile numbers can be used here."),
};

const CARD_SYSTEMS = { mir: "МИР", visa: "Visa", mastercard: "Mastercard", unionpay: "UnionPay", jcb: "JCB" };

/** The sentence for a code; an unknown code gives an empty one. */
export const textOf = (code) => TEXTS[code]?.() ?? "";

/** How the value of each field is read, and how many signs it has before it is worth a word. */
const READERS = {
  bik: { read: (value) => readBik(value), complete: 9 },
  account: {
    read: (value, all) => readAccount(value, readBik(all.bik ?? "").value),
    complete: 20,
    format: accountFormat,
  },
  inn: { read: (value) => readInn(value), complete: 10 },
  number: { read: (value) => readCard(value), complete: 16, format: cardFormat },
  phone: { read: (value) => readPhone(value), complete: 10 },
  recipient: { read: (value) => readRecipient(value), complete: Infinity },
};

/**
 * A hint while typing: nothing before the value can be complete, unless the person has left the field (`left`).
 * @param {string} name @param {Record<string, string>} values all fields by name @param {boolean} left
 * @returns {{text: string|null, good: boolean}}
 */
export function hintFor(name, values, left) {
  const reader = READERS[name];
  const value = values[name] ?? "";
  if (!reader || typeof value !== "string" || !value) return { text: null, good: false };
  const { code } = reader.read(value, values);
  if (!code) return { text: goodWords(name, value), good: true };
  const enough = compact(value).length >= reader.complete;
  // An INN of a person is on its way from ten digits to twelve.
  const underWay = name === "inn" && compact(value).length < 12;
  return { text: left || (enough && !underWay) ? textOf(code) : null, good: false };
}

function goodWords(name, value) {
  const system = name === "number" && CARD_SYSTEMS[cardSystem(compact(value))];
  return system || gettext("Looks right");
}

/** The value in the groups that are printed on cards and in banking apps. */
export const formatted = (name, value) => READERS[name]?.format?.(value) ?? value;
