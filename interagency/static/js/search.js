// The box in the header: "/" goes there, suggestions come while typing, arrows walk through them (ARIA combobox with a
// list). Without this script the form goes to the search page.
import { debounce } from "./debounce.js";
import { stored } from "./storage.js";

const enhance = (form) => {
  const input = form.querySelector("input");
  const list = form.querySelector("[data-list]");
  const status = form.querySelector("[role=status]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  let active = null;
  let asked = "";
  let running = null;

  list.setAttribute("role", "listbox");
  input.type = "text"; // a search field takes no such role
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  const choose = (option) => {
    active?.setAttribute("aria-selected", "false");
    active = option || null;
    if (!active) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    active.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  };
  const close = () => {
    choose(null);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  };
  const open = () => {
    if (!options().length) return;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const ask = async () => {
    const words = input.value.trim();
    if (words === asked) {
      if (words) open();
      return;
    }
    asked = words;
    running?.abort();
    if (!words) {
      list.replaceChildren();
      status.textContent = "";
      close();
      return;
    }
    running = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.suggestions}?q=${encodeURIComponent(words)}`, {
        signal: running.signal,
      });
      if (!answer.ok || answer.redirected || input.value.trim() !== words) return;
      choose(null);
      list.innerHTML = await answer.text();
      const found = options().length - 1;
      status.textContent = found ? form.dataset.found.replace("{n}", found) : form.dataset.nothing;
      if (document.activeElement === input) open();
    } catch {
      asked = "";
    } // gone meanwhile, or no connection: the form still goes to the page
  };

  const askSoon = debounce(ask, 150);
  input.addEventListener("input", () => {
    choose(null);
    askSoon();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (list.hidden) {
        open();
        if (list.hidden) {
          ask();
          return;
        }
      }
      const all = options();
      const next = all.indexOf(active) + step;
      choose(active === null && step < 0 ? all.at(-1) : all[next]); // past either end: back to the words
    } else if (event.key === "Enter" && active && !list.hidden) {
      event.preventDefault();
      location.assign(active.href);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the words keep the focus
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
  form.addEventListener("submit", (event) => {
    if (!input.value.trim()) {
      event.preventDefault();
      location.assign(form.action);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (
      event.key !== "/" ||
      stored("slash") === "off" || // WCAG 2.1.4: a key alone can be turned off, on the account page
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.target.closest("input, textarea, select, [contenteditable]")
    )
      return;
    event.preventDefault();
    input.focus();
    input.select();
  });
};

document.querySelectorAll("form.finder").forEach(enhance);
