// The list of a form's sections: which are filled in while one types, and in which one is. A line of text is not sent by
// Enter: a long form is sent by its button.
const form = document.querySelector("form.sectioned");

const isFilled = (field) => {
  if (field.type === "hidden" || !field.name) return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked;
  return field.value !== "";
};

for (const section of form?.querySelectorAll("[data-part]") ?? []) {
  const link = form.querySelector(`[data-rail] a[href="#${section.dataset.part}"]`);
  const state = link.querySelector(".state");
  const show = () => {
    if (link.classList.contains("wrong")) return;
    const filled = [...section.querySelectorAll("input, select, textarea")].some(isFilled);
    link.classList.toggle("filled", filled);
    state.textContent = filled ? state.dataset.filled : "";
  };
  section.addEventListener("input", show);
  section.addEventListener("change", show);
  section.addEventListener("focusin", () => {
    for (const other of form.querySelectorAll("[data-rail] a[aria-current]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });
}

form?.addEventListener("keydown", (event) => {
  const isLine = event.target.matches("input:not([type=checkbox], [type=radio])");
  if (event.key === "Enter" && isLine) event.preventDefault();
});
