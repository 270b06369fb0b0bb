// A line chosen from a list is put under the lines of a text field.
const enhance = (box) => {
  const target = document.querySelector(box.dataset.append);
  const input = box.querySelector("input");
  const offered = [...document.getElementById(input.getAttribute("list")).options].map((option) => option.value);
  box.hidden = false;

  const append = () => {
    if (!offered.includes(input.value)) return;
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
