/**
 * What the page keeps on the device. A browser may refuse storage (private mode, full disk): then nothing is
 * kept, reads give null, and the server's copy is the only one.
 */
function area(pick) {
  const guarded = (work) => {
    try {
      return work(pick());
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  };
  return {
    /** @returns {any} what was kept under the key, or null */
    read(key) {
      const text = guarded((storage) => storage.getItem(`claimdesk.${key}`));
      return text === null ? null : JSON.parse(text);
    },
    write: (key, value) => guarded((storage) => storage.setItem(`claimdesk.${key}`, JSON.stringify(value))),
    drop: (key) => guarded((storage) => storage.removeItem(`claimdesk.${key}`)),
    /** Forgets every key that begins so. */
    dropAll: (prefix) =>
      guarded((storage) => {
        for (const key of Object.keys(storage)) if (key.startsWith(`claimdesk.${prefix}`)) storage.removeItem(key);
      }),
  };
}

/** For this tab, until it is closed. */
export const tabStorage = area(() => sessionStorage);
/** For this device. */
export const deviceStorage = area(() => localStorage);
