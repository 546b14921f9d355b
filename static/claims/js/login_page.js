import { Frame } from "./frame.js";
import { codeView, pendingCode, phoneView } from "./login.js";

/**
 * Phone and code on a page that is not the form.
 * @param {HTMLElement} container
 * @param {{reason: string, codeLength: number, onLoggedIn: () => Promise<void>}} options
 */
export function login(container, { reason, codeLength, onLoggedIn }) {
  let view = null;

  function show(next, onBack = null) {
    view?.dispose?.();
    view = next;
    new Frame(view, { onDone: () => {}, onBack }).mount(container);
  }

  const askPhone = () => show(phoneView({ reason, onSent: askCode }));
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
