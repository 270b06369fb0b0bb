// What a typed date is read as, shown beside the field before saving.
import { debounce } from "./debounce.js";

const enhance = (input) => {
  const words = document.getElementById(input.dataset.words);
  const read = document.getElementById(input.dataset.read);
  let last = input.value;

  const ask = async () => {
    if (input.value === last) return;
    last = input.value;
    const answer = await (await fetch(`${input.dataset.date}?text=${encodeURIComponent(last)}`)).json();
    if (input.value !== last) return;
    read.value = answer.code || "";
    words.textContent = answer.message || answer.words || "";
    words.classList.toggle("unread", Boolean(answer.message));
  };
  const askWithoutComplaint = () => ask().catch(() => {});
  input.addEventListener("input", debounce(askWithoutComplaint, 250));
};

document.querySelectorAll("[data-date]").forEach(enhance);
