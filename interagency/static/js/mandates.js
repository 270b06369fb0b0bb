// One button ticks or clears a whole chapter; without scripts each box is ticked by itself.
document.querySelectorAll("[data-tick-all]").forEach((button) => {
  const boxes = [...button.closest("fieldset").querySelectorAll("input[type=checkbox]")];
  const label = () => {
    button.textContent = boxes.every((box) => box.checked) ? button.dataset.clearAll : button.dataset.tickAll;
  };
  button.addEventListener("click", () => {
    const tick = !boxes.every((box) => box.checked);
    boxes.forEach((box) => {
      box.checked = tick;
    });
    label();
  });
  for (const box of boxes) box.addEventListener("change", label);
  button.hidden = false;
  label();
});
