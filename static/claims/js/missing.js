/**
 * What the server says is missing in a step, beside the fields on the page that can take it.
 * @param {{missing: {attr: string|null, detail: string}[]}} step
 * @param {{attr: string, setError: (text: string) => void, focus: () => void}[]} fields
 * @returns {import("./fields.js").Problem[]}
 */
export function missingProblems(step, fields) {
  return step.missing.map(({ attr, detail }) => {
    const field =
      fields.find((candidate) => candidate.attr === attr) ??
      fields.find((candidate) => lastPart(candidate.attr) === lastPart(attr));
    field?.setError(detail);
    return { attr, text: detail, focus: field && (() => field.focus()) };
  });
}

const lastPart = (attr) => (attr ?? "").split(".").pop();
