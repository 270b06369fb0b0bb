// Whether the key "/" leads to the search box, on this device: who speaks to the machine or rests on keys turns it off.
import { store, stored } from "./storage.js";

for (const field of document.querySelectorAll("[data-slash]")) {
  const input = field.querySelector("input");
  field.hidden = false;
  input.checked = stored("slash") !== "off";
  input.addEventListener("change", () => store("slash", input.checked ? "on" : "off"));
}
