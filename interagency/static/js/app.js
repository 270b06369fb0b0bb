// What every page loads. Small comforts: each page works without them, and loads only those it has a use for.
import "./theme.js";
import "./drafts.js";
import "./submit.js";

const COMFORTS = {
  "[data-copy]": "./copy.js",
  "[data-date]": "./dates.js",
  "[data-preview]": "./repetition.js",
  "[data-alike]": "./alike.js",
  "[data-append]": "./append.js",
  "[data-suggestions]": "./suggestions.js",
  "[data-zone-of]": "./zone_of.js",
  "[data-zone-offer]": "./zone.js",
  "[data-progress]": "./progress.js",
  "[data-slash]": "./slash.js",
};

for (const [selector, module] of Object.entries(COMFORTS)) {
  if (document.querySelector(selector)) import(module);
}
