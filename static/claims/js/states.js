import { gettext } from "./i18n.js";

/** Server states of a slot and of a document, and `uploading`: a look and a word. */
const STATES = {
  waiting: () => ["muted", gettext("Waiting for a file")],
  uploading: () => ["info", gettext("Being sent")],
  received: () => ["info", gettext("Received")],
  reading: () => ["info", gettext("Being read")],
  doubtful: () => ["info", gettext("A person will look at it")],
  fits: () => ["success", gettext("Looks like the right one")],
  accepted: () => ["success", gettext("Accepted")],
  rejected: () => ["danger", gettext("Please send another")],
};

const WAIVED = {
  lost: () => gettext("You don't have it: it is lost"),
  cannot_get: () => gettext("You don't have it: you can't get it"),
  not_applicable: () => gettext("You don't have it: it does not apply to you"),
  staff: () => gettext("We no longer need it from you"),
};

/** What the machine finds fitting looks right; only staff accept. @param {any} document @param {boolean} settled needs no other file */
export function documentState(document, settled = false) {
  if (settled && document.state === "rejected") return ["muted", gettext("Does not fit")];
  return stateOf(document.state === "accepted" && document.judged_by === "machine" ? "fits" : document.state);
}

/** @param {any} slot @param {boolean} uploading */
export function slotState(slot, uploading) {
  if (uploading) return stateOf("uploading");
  const judged = slot.documents.filter((document) => document.state === "accepted");
  const byMachine = judged.length > 0 && judged.every((document) => document.judged_by === "machine");
  return stateOf(slot.state === "accepted" && byMachine ? "fits" : slot.state);
}

const stateOf = (state) => (STATES[state] ?? STATES.received)();

/** Why a paper is not there, in a sentence; "" when it is not waived. */
export const waivedText = (slot) => (slot.state === "waived" ? (WAIVED[slot.waived] ?? WAIVED.staff)() : "");
