// The zone of a new event follows its city, as long as nobody wrote another.
for (const box of document.querySelectorAll("[data-zone-of]")) {
  const zone = box.querySelector("input");
  const words = box.querySelector("[data-follows]");
  const city = zone.form.elements.city;
  let filled = box.dataset.filled;

  const follow = async () => {
    if (!filled || zone.value !== filled) return;
    const answer = await (await fetch(`${box.dataset.zoneOf}?city=${encodeURIComponent(city.value)}`)).json();
    if (!answer.zone || zone.value !== filled || answer.zone === filled) return;
    filled = answer.zone;
    zone.value = filled;
    zone.form.elements.timezone_filled.value = filled;
    words.textContent = words.dataset.follows.replace("{city}", city.value);
    zone.dispatchEvent(new Event("input", { bubbles: true }));
  };
  city.addEventListener("change", () => follow().catch(() => {}));
}
