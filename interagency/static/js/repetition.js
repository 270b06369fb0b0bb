// The next dates of a repetition, and what stands in the way, while an event is planned.
import { debounce } from "./debounce.js";

const REPEAT = ["repeats", "repeat_every", "repeat_on", "repeat_months", "repeat_count", "repeat_until"];
const NAMES = ["segments", "timezone", ...REPEAT, "city", "meant_for"];

const fill = (list, items) => {
  const rows = items.map((text) => {
    const row = document.createElement("li");
    row.textContent = text;
    return row;
  });
  list.replaceChildren(...rows);
};

const enhance = (box) => {
  const form = box.closest("form");

  const ask = async () => {
    const query = new URLSearchParams(NAMES.map((name) => [name, form.elements[name]?.value || ""]));
    query.set("event", box.dataset.event || "");
    const answer = await (await fetch(`${box.dataset.preview}?${query}`)).json();
    fill(box.querySelector("[data-dates]"), answer.dates);
    fill(box.querySelector("[data-clashes]"), answer.clashes);
    box.querySelector("h2").hidden = !answer.dates.length;
    box.querySelector("[data-clash-heading]").hidden = !answer.clashes.length;
    box.hidden = !answer.dates.length && !answer.clashes.length;
  };
  const askWithoutComplaint = () => ask().catch(() => {});
  const askSoon = debounce(askWithoutComplaint, 300);

  form.addEventListener("input", (event) => {
    if (NAMES.includes(event.target.name)) askSoon();
  });
  if (form.elements.segments?.value) askWithoutComplaint();
};

document.querySelectorAll("[data-preview]").forEach(enhance);
