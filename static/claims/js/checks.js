/* The rules of apps/contacts/rules/phones.py and apps/claims/rules/requisites.py, for hints while a person types.
 * The server has the last word; apps/claims/tests/test_checks_js.py runs both over the same cases.
 *
 * Every reader returns {value, code}: the value as it is stored and an empty code, or an empty value and the
 * code of the cause. Texts for the codes are the page's. */

const INVISIBLE = "\\s\\u00a0\\u2007\\u2009\\u202f\\u200e\\u200f\\u202a-\\u202e\\u2060\\u2066-\\u2069\\ufeff";
const SPACES = new RegExp(`[${INVISIBLE}]+`, "g");
const SPACES_AND_DASHES = new RegExp(`[${INVISIBLE}\\u2010-\\u2015\\u2212-]+`, "g");
const DASHES = /[\u2010-\u2015\u2212]/g;
const ONLY_DIGITS = /^[0-9]+$/;

const good = (value) => ({ value, code: "" });
const bad = (code) => ({ value: "", code });
const lengthOf = (text) => [...text].length;

/** The text without spaces, dashes and invisible marks. */
export function compact(raw) {
  return raw.replace(SPACES_AND_DASHES, "");
}

/* ---------------------------------------------------------------- phones */

const PHONE_WRITTEN = /^\+?[0-9()[\]./ -]+$/;
const PHONE_LONGEST_RAW = 40;
const HOME_AFTER_PLUS = /^8[09][0-9]{9}$/;
const KAZAKHSTAN = /^7[67][0-9]{9}$/;
const COUNTRIES = [
  { code: "RU", any: /^7[3489][0-9]{9}$/, mobile: /^79[0-9]{9}$/ },
  {
    code: "UA",
    any: /^380[3-9][0-9]{8}$/,
    mobile: /^380(?:39|50|63|66|67|68|73|75|77|89|91|92|93|94|95|96|97|98|99)[0-9]{7}$/,
  },
];

/** Read a mobile number: digits 7XXXXXXXXXX or 380XXXXXXXXX. */
export function readPhone(raw, allowed = ["RU", "UA"]) {
  const text = raw.replace(SPACES, " ").replace(DASHES, "-").trim();
  if (lengthOf(text) > PHONE_LONGEST_RAW || !PHONE_WRITTEN.test(text)) return bad("phone_invalid");
  let { digits, international } = dialled(text);
  if (!international || HOME_AFTER_PLUS.test(digits)) digits = fromHome(digits);
  if (KAZAKHSTAN.test(digits)) return bad("country_not_served");
  const country = COUNTRIES.find(({ any }) => any.test(digits));
  if (country) {
    if (!allowed.includes(country.code)) return bad("country_not_served");
    return country.mobile.test(digits) ? good(digits) : bad("phone_not_mobile");
  }
  const foreign = international && !/^(?:0|7|380)/.test(digits) && digits.length >= 8 && digits.length <= 15;
  return bad(foreign ? "country_not_served" : "phone_invalid");
}

function dialled(text) {
  const digits = text.replace(/[^0-9]/g, "");
  if (text.startsWith("+")) return { digits, international: true };
  if (digits.startsWith("00")) return { digits: digits.slice(2), international: true };
  if (digits.startsWith("810") && digits.length >= 14) return { digits: digits.slice(3), international: true };
  return { digits, international: false };
}

function fromHome(digits) {
  if (digits.length === 11 && digits.startsWith("80")) return `3${digits}`;
  if (digits.length === 10 && digits.startsWith("0")) return `38${digits}`;
  if (digits.length === 11 && digits.startsWith("8")) return `7${digits.slice(1)}`;
  if (digits.length === 10 && digits.startsWith("9")) return `7${digits}`;
  return digits;
}

/** Stored digits as people read them: "+7 916 123-45-67", "+380 67 123-45-67". */
export function phoneDisplay(digits) {
  const [prefix, rest] = phoneParts(digits);
  return `${prefix} ${grouped(rest, prefix === "+380" ? 2 : 3)}`;
}

/** Stored digits with all but the last four hidden: "+7 ••• •••-45-67". */
export function phoneMask(digits) {
  const [prefix, rest] = phoneParts(digits);
  return `${prefix} ${"•".repeat(rest.length - 7)} •••-${rest.slice(-4, -2)}-${rest.slice(-2)}`;
}

/** What to draw while a number is being typed into a field with its prefix drawn before it.
 *
 * Takes what is in the field and the prefix now drawn ("+7" or "+380"); returns {prefix, text, digits, complete}:
 * the prefix to draw (a pasted or typed "+380…", "0…" changes it), the rest in groups, and the digits so far. */
export function phoneFormat(typed, prefix = "+7") {
  const whole = readPhone(typed);
  if (!whole.code) return phoneTyped(...phoneParts(whole.value));
  const text = typed.replace(SPACES, "");
  let digits = text.replace(/[^0-9]/g, "");
  if (text.startsWith("+") && digits.startsWith("380")) [prefix, digits] = ["+380", digits.slice(3)];
  else if (text.startsWith("+") && digits.startsWith("7")) [prefix, digits] = ["+7", digits.slice(1)];
  else if (prefix === "+7" && digits.startsWith("380")) [prefix, digits] = ["+380", digits.slice(3)];
  else if (prefix === "+7" && digits.startsWith("0")) [prefix, digits] = ["+380", digits.slice(1)];
  else if (prefix === "+7" && /^[78]/.test(digits)) digits = digits.slice(1);
  else if (prefix === "+380" && digits.startsWith("0")) digits = digits.slice(1);
  return phoneTyped(prefix, digits);
}

function phoneTyped(prefix, typed) {
  const rest = typed.slice(0, prefix === "+380" ? 9 : 10);
  const digits = prefix.slice(1) + rest;
  return { prefix, text: grouped(rest, prefix === "+380" ? 2 : 3), digits, complete: !readPhone(`+${digits}`).code };
}

function phoneParts(digits) {
  return digits.startsWith("380") ? ["+380", digits.slice(3)] : ["+7", digits.slice(1)];
}

function grouped(rest, area) {
  const [code, a, b, c] = cut(rest, [area, 3, 2, 2]);
  return code + (a && ` ${a}`) + (b && `-${b}`) + (c && `-${c}`);
}

/** The caret's place in a formatted text, so that as many digits stand before it as stood before formatting. */
export function caretAfterDigits(text, count) {
  if (count <= 0) return 0;
  let seen = 0;
  for (let place = 0; place < text.length; place += 1) {
    if (/[0-9A-Za-z]/.test(text[place])) seen += 1;
    if (seen === count) return place + 1;
  }
  return text.length;
}

/* ---------------------------------------------------------------- requisites */

const BIK = /^0[0-4][0-9]{4}(?:00[0-2]|05[0-9]|0[6-9][0-9]|[1-9][0-9]{2})$/;
const BANK_OF_RUSSIA = ["000", "001", "002"];
const ACCOUNT_LETTERS = "ABCEHKMPTX"; // CBR rule No. 515: position 6, worth 0..9
const CYRILLIC_LETTERS = "АВСЕНКМРТХ";
const ACCOUNT = /^[0-9]{5}[0-9ABCEHKMPTX][0-9]{14}$/;
const ACCOUNT_WEIGHTS = [7, 1, 3];
const INN_WEIGHTS = {
  10: [[2, 4, 10, 3, 5, 9, 4, 6, 8]],
  12: [
    [7, 2, 4, 10, 3, 5, 9, 4, 6, 8],
    [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8],
  ],
};
const RECIPIENT_MAX = 160;
const RECIPIENT = /^[A-Za-zÀ-ÖØ-öø-ɏЀ-ӿ0-9 .,'’ʼ`"«»“”„()№&/-]+$/;
const WORD = /[A-Za-zÀ-ÖØ-öø-ɏЀ-ӿ]+/g;

/** Read a Russian bank's BIK: nine digits. */
export function readBik(raw) {
  const bik = compact(raw);
  if (!bik) return bad("bik_required");
  if (!ONLY_DIGITS.test(bik)) return bad("bik_invalid");
  if (bik.length !== 9) return bad("bik_length");
  return BIK.test(bik) ? good(bik) : bad("bik_invalid");
}

/** Read an account of twenty signs held in the bank `bik` (already read; "" skips the control sum). */
export function readAccount(raw, bik) {
  const account = [...compact(raw).toUpperCase()].map(toLatin).join("");
  if (!account) return bad("account_required");
  if (lengthOf(account) !== 20) return bad("account_length");
  if (!ACCOUNT.test(account)) return bad("account_invalid");
  return bik && accountSum(account, bik) !== 0 ? bad("account_checksum") : good(account);
}

function toLatin(sign) {
  const place = CYRILLIC_LETTERS.indexOf(sign);
  return place < 0 ? sign : ACCOUNT_LETTERS[place];
}

function accountSum(account, bik) {
  const prefix = BANK_OF_RUSSIA.includes(bik.slice(6)) ? `0${bik.slice(4, 6)}` : bik.slice(6);
  const letter = ACCOUNT_LETTERS.indexOf(account[5]);
  return weightedSum(prefix + (letter < 0 ? account : `${account.slice(0, 5)}${letter}${account.slice(6)}`));
}

function weightedSum(digits) {
  return [...digits].reduce((sum, digit, place) => sum + ((Number(digit) * ACCOUNT_WEIGHTS[place % 3]) % 10), 0) % 10;
}

/** Read a bank's correspondent account (301…), which ends like its BIK. */
export function readCorrespondent(raw, bik) {
  const account = compact(raw);
  if (!account) return bad("correspondent_required");
  if (lengthOf(account) !== 20) return bad("correspondent_length");
  if (!ONLY_DIGITS.test(account) || !account.startsWith("301")) return bad("correspondent_invalid");
  if (account.slice(-3) !== bik.slice(-3)) return bad("correspondent_bank");
  return weightedSum(`0${bik.slice(4, 6)}${account}`) === 0 ? good(account) : bad("correspondent_checksum");
}

/** Read a taxpayer's number: ten digits of a firm, twelve of a person. */
export function readInn(raw) {
  const inn = compact(raw);
  if (!inn) return bad("inn_required");
  if (!ONLY_DIGITS.test(inn)) return bad("inn_invalid");
  if (!(inn.length in INN_WEIGHTS)) return bad("inn_length");
  if (new Set(inn).size === 1) return bad("inn_invalid");
  const fits = INN_WEIGHTS[inn.length].every((weights) => {
    const sum = weights.reduce((total, weight, place) => total + weight * Number(inn[place]), 0);
    return (sum % 11) % 10 === Number(inn[weights.length]);
  });
  return fits ? good(inn) : bad("inn_checksum");
}

/** Read a card number of 16 to 19 digits; adds `system`: mir, visa, mastercard, unionpay, jcb or "". */
export function readCard(raw) {
  const number = compact(raw);
  if (!number) return bad("card_required");
  if (!ONLY_DIGITS.test(number)) return bad("card_invalid");
  if (number.length < 16 || number.length > 19) return bad("card_length");
  if (new Set(number).size === 1) return bad("card_invalid");
  if (luhnSum(number) !== 0) return bad("card_checksum");
  return { ...good(number), system: cardSystem(number) };
}

function luhnSum(number) {
  const worth = (digit, fromRight) => {
    const value = Number(digit) * (fromRight % 2 ? 2 : 1);
    return value > 9 ? value - 9 : value;
  };
  return [...number].reverse().reduce((sum, digit, fromRight) => sum + worth(digit, fromRight), 0) % 10;
}

/** The card's system by its first digits, which may be all there is so far; "" if unknown. */
export function cardSystem(number) {
  const first4 = number.length < 4 ? 0 : Number(number.slice(0, 4));
  if (first4 >= 2200 && first4 <= 2204) return "mir";
  if (number.startsWith("4")) return "visa";
  if ((first4 >= 5100 && first4 <= 5599) || (first4 >= 2221 && first4 <= 2720)) return "mastercard";
  if (number.startsWith("62") || number.startsWith("81")) return "unionpay";
  if (first4 >= 3528 && first4 <= 3589) return "jcb";
  return "";
}

/** Read a recipient's name: Cyrillic or Latin, two words or more, single spaces. */
export function readRecipient(raw) {
  const name = raw.normalize("NFC").replace(SPACES, " ").trim();
  if (!name) return bad("recipient_required");
  if (lengthOf(name) > RECIPIENT_MAX) return bad("recipient_long");
  if (/[0-9]{5}/.test(name)) return bad("recipient_number");
  if (!RECIPIENT.test(name)) return bad("recipient_invalid");
  return (name.match(WORD) ?? []).length < 2 ? bad("recipient_short") : good(name);
}

/** An account in the groups that banks print: "40817 810 7 0000 0012345". */
export function accountFormat(typed) {
  return cut(compact(typed).slice(0, 20), [5, 3, 1, 4, 7]).filter(Boolean).join(" ");
}

/** A card's digits in fours, as far as they are typed. */
export function cardFormat(typed) {
  return cut(typed.replace(/[^0-9]/g, "").slice(0, 19), [4, 4, 4, 4, 3]).filter(Boolean).join(" ");
}

/** "•••• 2345" for an account or a card. */
export function maskNumber(number) {
  return `•••• ${number.slice(-4)}`;
}

function cut(text, widths) {
  let place = 0;
  return widths.map((width) => text.slice(place, (place += width)));
}
