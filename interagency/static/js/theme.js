// The button that changes between the light and the dark theme, and the choice remembered.
import { store, stored } from "./storage.js";

const root = document.documentElement;
const chosen = stored("theme");
if (chosen) root.dataset.theme = chosen;

const isDark = () =>
  root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    store("theme", root.dataset.theme);
  });
}
