// A line chosen from a list is put under the lines of a text field.
const enhance = (box) => {
  const target = document.querySelector(box.dataset.append);
  const input = box.querySelector("input");
  const list = document.getElementById(input.getAttribute("list"));
  box.hidden = false;

  const append = () => {
    if (![...list.options].some((option) => option.value === input.value)) return;
    target.value = [...target.value.split("\n").filter(Boolean), input.value].join("\n");
    input.value = "";
    target.dispatchEvent(new Event("input", { bubbles: true }));
  };
  input.addEventListener("input", append);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      append();
    }
  });
};

document.querySelectorAll("[data-append]").forEach(enhance);
