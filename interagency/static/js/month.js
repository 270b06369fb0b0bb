// The rows of a month act in place: the same forms, and the answer is the row alone, put where it was. Nothing moves.
const said = document.getElementById("month-said");

const replaceRow = (row, page) => {
  const next = page.getElementById(row.id);
  const height = row.getBoundingClientRect().height;
  const wasOpen = row.querySelector("details.what")?.open;
  const place = document.activeElement;
  const index = [...row.querySelectorAll(".acts button, .acts a, .acts summary")].indexOf(place);
  next.style.minBlockSize = `${height}px`;
  const details = next.querySelector("details.what");
  if (details && wasOpen) details.open = true;
  row.replaceWith(next);
  const acts = [...next.querySelectorAll(".acts button, .acts a, .acts summary")];
  (acts[Math.max(0, Math.min(index, acts.length - 1))] ?? next).focus({ preventScroll: true });
};

const act = async (form, button, row) => {
  const values = new FormData(form, button);
  values.append("part", "row");
  const answer = await fetch(button?.formAction || form.action, { method: "POST", body: values });
  if (!answer.ok || answer.redirected) throw new Error(`answered ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  replaceRow(row, page);
  document.getElementById("progress").replaceWith(page.getElementById("progress"));
  const words = page.querySelector("[data-sign]").textContent;
  for (const sign of document.querySelectorAll("[data-sign]")) sign.textContent = words;
  said.textContent = page.querySelector("[data-said]").textContent;
};

// What cannot be done in place is sent as a form: its page says what is wrong.
const sendWhole = (form, button) => {
  if (button?.name) {
    const value = document.createElement("input");
    value.type = "hidden";
    value.name = button.name;
    value.value = button.value;
    form.append(value);
    form.action = button.formAction;
  }
  form.submit();
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  const row = (button ?? form).closest("li.record");
  if (!row || row.dataset.busy) {
    if (row) event.preventDefault();
    return;
  }
  event.preventDefault();
  delete form.dataset.sent;
  row.dataset.busy = "yes";
  act(form, button, row).catch(() => sendWhole(form, button));
});
