/**
 * The claim as the server last told it. Fires `change` (detail: the claim) when a newer one came.
 */
export class ClaimStore extends EventTarget {
  constructor() {
    super();
    /** @type {any} */
    this.claim = null;
  }

  get number() {
    return this.claim?.number ?? null;
  }

  /** Takes a claim from the server; an older version of the same claim (answers cross on the way) is left aside. */
  take(claim) {
    if (this.claim && this.claim.number === claim.number && claim.version < this.claim.version) return;
    this.claim = claim;
    this.dispatchEvent(new CustomEvent("change", { detail: claim }));
  }

  forget() {
    this.claim = null;
  }

  /** The server's value of a PATCH attribute: `event_date`, or `answers.<key>`. */
  valueOf(attr) {
    return valueIn(this.claim, attr);
  }

  /** The state and the missing things of a step, as the server sees them. */
  step(key) {
    return this.claim?.steps.find((step) => step.key === key) ?? { key, title: "", state: "todo", missing: [] };
  }
}

/** @param {any} claim @param {string} attr */
export function valueIn(claim, attr) {
  if (!claim) return null;
  const value = attr.startsWith("answers.") ? claim.answers[attr.slice(8)] : claim[attr];
  return value ?? null;
}
