// The dates of series as ical.js reads them: JSON lists of calendar texts in, of dates out.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const instant = (time) => (time.isDate ? time.toString() : time.toJSDate().toISOString().slice(0, 19));

const datesOf = ({ body, last }) => {
  const calendar = new ICAL.Component(ICAL.parse(body));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(zone);
  }
  const events = calendar.getAllSubcomponents("vevent").map((entry) => new ICAL.Event(entry));
  const master = events.find((event) => !event.isRecurrenceException());
  for (const event of events.filter((one) => one.isRecurrenceException())) {
    master.relateException(event);
  }
  const found = [];
  const dates = master.iterator();
  for (let next = dates.next(); next && next.toString().slice(0, 10) <= last; next = dates.next()) {
    const { item, startDate, endDate } = master.getOccurrenceDetails(next);
    const status = item.component.getFirstPropertyValue("status");
    found.push([instant(startDate), instant(endDate), item.summary, item.location ?? "", status]);
  }
  return found;
};

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(datesOf)));
