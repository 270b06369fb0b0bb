// Drafts: what is typed is remembered until it is saved, so a lost connection loses nothing. They are one person's: on a
// shared computer nobody else finds them.
import { debounce } from "./debounce.js";
import { forgetAll, store, stored } from "./storage.js";

const PREFIX = "draft:";
const OF_THE_PAGE = ["csrf_token", "version", "form_key"];
let isSigningOut = false;

const person = document.body.dataset.person;
if (person) {
  const last = stored("person");
  if (last && last !== person) forgetAll(PREFIX);
  store("person", person);
}

for (const form of document.querySelectorAll("form[data-forget-drafts]")) {
  form.addEventListener("submit", () => {
    isSigningOut = true;
    forgetAll(PREFIX);
  });
}

const typedIn = (form) => {
  const pairs = [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && !OF_THE_PAGE.includes(name),
  );
  return JSON.stringify(pairs);
};

const restore = (form, draft) => {
  const pairs = JSON.parse(draft);
  for (const field of [...form.elements]) {
    if (!field.name || OF_THE_PAGE.includes(field.name)) continue;
    const isTicked = field.type === "checkbox" || field.type === "radio";
    const before = isTicked ? field.checked : field.value;
    const given = pairs.filter(([name]) => name === field.name).map(([, value]) => value);
    if (isTicked) field.checked = given.includes(field.value);
    else if (given.length) field.value = given[0];
    // What comes back is seen, also where it was folded away.
    if (before !== (isTicked ? field.checked : field.value)) field.closest("details")?.setAttribute("open", "");
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
  form.dispatchEvent(new CustomEvent("draft", { detail: pairs }));
};

const offer = (notice, form, key, draft) => {
  notice.hidden = false;
  notice.querySelector("[data-restore]").addEventListener("click", () => {
    restore(form, draft);
    notice.hidden = true;
  });
  notice.querySelector("[data-discard]").addEventListener("click", () => {
    store(key, null);
    notice.hidden = true;
  });
};

for (const form of document.querySelectorAll("form[data-draft]")) {
  const key = PREFIX + form.dataset.draft;
  const draft = stored(key);
  const notice = form.querySelector("[data-draft-notice]");
  const before = typedIn(form);
  // A refused page shows what was typed anyway.
  const isRefused = document.querySelector(".error-summary, .question") !== null;
  if (draft && draft !== before && notice && !isRefused) offer(notice, form, key, draft);

  const keep = () => {
    const typed = typedIn(form);
    if (!isSigningOut) store(key, typed === before ? null : typed);
  };
  form.addEventListener("input", debounce(keep, 400));
}

for (const node of document.querySelectorAll("[data-draft-clear]")) store(PREFIX + node.dataset.draftClear, null);
