/** A function that calls `act` once its own calls have paused for `wait` milliseconds. */
export const debounce = (act, wait) => {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
};
