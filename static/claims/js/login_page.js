import { Frame } from "./frame.js";
import { codeView, pendingCode, phoneView } from "./login.js";

const NUMBER = /^CLM-\d{4}-\d{2}-\d{2}-[0-9A-Z]{4}$/;

/**
 * Phone and code on a page that is not the form.
 * @param {HTMLElement} container
 * @param {{reason: string, number: string, codeLength: number, onLoggedIn: () => Promise<void>}} options
 *   `number`: of the page's claim, as its address has it
 */
export function login(container, { reason, number, codeLength, onLoggedIn }) {
  let view = null;
  // An address may be anybody's words: only what looks like a number is shown.
  const about = NUMBER.test(number) ? number : "";

  function show(next, onBack = null) {
    view?.dispose?.();
    view = next;
    new Frame(view, { onDone: () => {}, onBack }).mount(container);
  }

  const askPhone = () => show(phoneView({ reason, about, onSent: askCode }));
  const askCode = () =>
    show(
      codeView({
        length: codeLength,
        async onVerified() {
          view.dispose();
          await onLoggedIn();
        },
      }),
      askPhone,
    );

  if (pendingCode.read()) askCode();
  else askPhone();
}
