import { fill, gettext, language } from "./i18n.js";

const dateTime = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "long",
  hour: "2-digit",
  minute: "2-digit",
});
const timeOnly = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const dateOnly = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });

/** "21 November, 14:02" in the reader's own time zone. */
export function formatDateTime(iso) {
  return iso ? dateTime.format(new Date(iso)) : "";
}

/** "14:02" */
export function formatTime(date) {
  return timeOnly.format(date);
}

/** A calendar date (`YYYY-MM-DD`) or a moment, as "21 November 2026"; a calendar date never shifts by zone. */
export function formatDate(iso) {
  if (!iso) return "";
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  return dateOnly.format(parts ? new Date(+parts[1], +parts[2] - 1, +parts[3]) : new Date(iso));
}

/** Bytes as "4.8 MB"; below a megabyte as whole KB. */
export function formatBytes(bytes) {
  const megabytes = bytes / 1_048_576;
  if (megabytes < 1) {
    return fill(gettext("%(size)s KB"), { size: Math.max(1, Math.round(bytes / 1024)) });
  }
  const size = new Intl.NumberFormat(language, { maximumFractionDigits: megabytes < 10 ? 1 : 0 }).format(megabytes);
  return fill(gettext("%(size)s MB"), { size });
}

/** A share of one as "42%". */
export function formatPercent(share) {
  return new Intl.NumberFormat(language, { style: "percent" }).format(share);
}

/** Money `{amount, currency}` as the reader's language writes it. */
export function formatMoney(money) {
  if (!money?.amount) return "";
  const amount = Number(money.amount);
  if (!Number.isFinite(amount) || !/^[A-Z]{3}$/.test(money.currency ?? "")) {
    return `${money.amount} ${money.currency ?? ""}`.trim();
  }
  return new Intl.NumberFormat(language, { style: "currency", currency: money.currency }).format(amount);
}

/** Stored digits `79161234567` as "+7 916 123-45-67", `380…` as "+380 67 123-45-67"; anything else with a plus. */
export function formatPhone(digits) {
  const only = String(digits ?? "").replace(/\D/g, "");
  const russian = /^7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(only);
  if (russian) return `+7 ${russian[1]} ${russian[2]}-${russian[3]}-${russian[4]}`;
  const ukrainian = /^380(\d{2})(\d{3})(\d{2})(\d{2})$/.exec(only);
  if (ukrainian) return `+380 ${ukrainian[1]} ${ukrainian[2]}-${ukrainian[3]}-${ukrainian[4]}`;
  return only ? `+${only}` : "";
}

/** Seconds as "4:05". */
export function formatCountdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

/** One answer of a question, in words. */
export function formatAnswer(question, value) {
  if (value === null || value === undefined || value === "") return "";
  switch (question.kind) {
    case "yes_no":
      return value ? gettext("Yes") : gettext("No");
    case "choice":
      return question.choices?.find((choice) => choice.value === value)?.label ?? String(value);
    case "date":
      return formatDate(value);
    case "money":
      return formatMoney(value);
    case "phone":
      return formatPhone(value);
    default:
      return String(value);
  }
}
