// Offers once, to who has chosen no zone, to show times by this device's clock.
import { store, stored } from "./storage.js";

const REFUSED = "zone-refused";
const offer = document.querySelector("[data-zone-offer]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (zone?.includes("/") && zone !== offer.dataset.zoneOffer && stored(REFUSED) !== zone) {
  const link = offer.querySelector("a");
  link.href = `${offer.dataset.address}?zone=${encodeURIComponent(zone)}`;
  link.textContent = zone;
  offer.querySelector("button").addEventListener("click", () => {
    store(REFUSED, zone);
    offer.hidden = true;
  });
  offer.hidden = false;
}
