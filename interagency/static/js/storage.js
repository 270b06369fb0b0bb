// What this browser remembers. In a private window it may refuse; then nothing is remembered.

export const stored = (key) => {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
};

/** Remember `value` under `key`; null forgets it. */
export const store = (key, value) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    /* private window */
  }
};

export const forgetAll = (prefix) => {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key);
  } catch {
    /* private window */
  }
};
