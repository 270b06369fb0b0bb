"""The files of a hand-out, each made from its frozen content alone: workbook, CSV, JSON, calendar."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from interagency.calendar.events.occurrences import StoredOccurrence
from interagency.calendar.feeds.building import FeedEvent, calendar_bytes
from interagency.exports.columns import Column, joined
from interagency.exports.external.content import Content
from interagency.exports.external.translated import event_status_words, kind_words, status_words
from interagency.exports.lists import write_csv
from interagency.exports.rows.book import Book
from interagency.exports.sheets import Sheet
from interagency.exports.workbook import add_table
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import ROMAN


def _text(name: str) -> Any:
    return lambda row: row[name]


def _list(name: str) -> Any:
    return lambda row: joined(row[name])


ACTIVITIES = (
    Column("No.", _text("number"), 6, "number"),
    Column("Title", _text("title"), 50, hxl="#activity+name"),
    Column("Entities", _list("entities"), 24, hxl="#org"),
    Column("Partners", _list("partners"), 28, hxl="#org+partner"),
    Column("Countries", _list("countries"), 28, hxl="#country"),
    Column("Chapters", lambda row: ", ".join(row["chapters"]), 10, hxl="#sector"),
    Column("Recommendations", _list("recommendations"), 18, hxl="#sector+recommendation"),
    Column("Begins", _text("begins"), 16, hxl="#date+start"),
    Column("Ends", _text("ends"), 16, hxl="#date+end"),
    Column("Status", lambda row: status_words(row["status"]), 11, hxl="#status"),
    Column("Joint", lambda row: in_words("joint" if row["joint"] else "individual"), 10, hxl="#activity+joint"),
    Column("Figures", _text("figures"), 26, hxl="#value"),
    Column("Results", _text("results"), 40, hxl="#description+results"),
    Column("Link", _text("link"), 30, hxl="#meta+url"),
    Column("Description", lambda row: row.get("description", ""), 60, hxl="#description"),
)


def activity_columns(content: Content) -> tuple[Column, ...]:
    """The columns of the activities, with the further fields there were when the hand-out was made."""
    further = content["activities"][0].get("further", {}) if content["activities"] else {}
    return ACTIVITIES + tuple(Column(title, _further(title), 24) for title in further)


def _further(title: str) -> Any:
    return lambda row: row["further"][title]


EVENTS = (
    Column("When", lambda row: row["day"].when, 28, hxl="#date+text"),
    Column("First day", lambda row: row["day"].first_day, 12, "date", hxl="#date+start"),
    Column("Last day", lambda row: row["day"].last_day, 12, "date", hxl="#date+end"),
    Column("Title", lambda row: row["day"].title, 50, hxl="#event+name"),
    Column("Kind", lambda row: kind_words(row["kind"]), 20, hxl="#event+type"),
    Column("Status", lambda row: event_status_words(_status(row, row["day"])), 12, hxl="#status"),
    Column("Organisers", _list("organisers"), 26, hxl="#org"),
    Column("Place", lambda row: row["day"].venue or row["place"], 30, hxl="#loc"),
    Column("Chapters", lambda row: ", ".join(chapters_of_day(row, row["day"])), 10, hxl="#sector"),
    Column("Documents", lambda row: joined(f"{title} {url}" for title, url in documents_of(row)), 40, hxl="#meta+url"),
)
SUMMARY = (
    Column("Chapter", _text("chapter"), 9, hxl="#sector+code"),
    Column("Title", _text("title"), 60, hxl="#sector+name"),
    Column("Activities", _text("activities"), 11, "number", hxl="#activity+num"),
    Column("Joint", _text("joint"), 9, "number", hxl="#activity+joint+num"),
    Column("Entities", _list("entities"), 40, hxl="#org+list"),
    Column("Countries", _list("countries"), 50, hxl="#country+list"),
)


def _status(event: dict[str, Any], day: StoredOccurrence) -> str:
    """The status of one date of an event."""
    return "cancelled" if day.is_cancelled or event["status"] == "cancelled" else day.status or event["status"]


def chapters_of_day(event: dict[str, Any], day: StoredOccurrence) -> list[str]:
    """The chapters of one date of an event; of what was handed out before they were told by day, of the event."""
    return event["chapters"] if day.chapters is None else [ROMAN[number] for number in day.chapters]


def documents_of(event: dict[str, Any]) -> list[list[str]]:
    """Title and address of the documents that leave with an event; none in what was handed out before they did."""
    return list(event.get("documents", []))


def event_rows(content: Content) -> list[dict[str, Any]]:
    """One row per happening, by first day."""
    rows = [one | {"day": StoredOccurrence(*day)} for one in content.get("events", []) for day in one["days"]]
    return sorted(rows, key=lambda row: (row["day"].in_order, row["title"].casefold(), row["uid"]))


def workbook(content: Content) -> bytes:
    """The hand-out as a workbook; the same content gives the same bytes."""
    made_at = datetime.combine(date.fromisoformat(content["as_of"]), time(12), UTC)
    book = Book(f"{content['title']}: {content['period']}", _("United Nations"), made_at)
    about = [
        {"about": _("What this is"), "text": content["title"]},
        {"about": _("Period"), "text": content["period"]},
        {"about": _("As of"), "text": content["as_of"]},
        {"about": _("For"), "text": content["audience"]},
        {"about": _("Prepared by"), "text": content.get("prepared_by", "")},
        {"about": _("Form"), "text": " ".join(filter(None, [content["form"], content["country"]]))},
        {"about": _("Note"), "text": str(NOTE)},
    ]
    about += [{"about": short, "text": name} for short, name in content.get("acronyms", {}).items()]
    about += [{"about": code, "text": title} for code, title in content.get("codes", {}).items()]
    columns = (Column("About", _text("about"), 20), Column("This file", _text("text"), 90))
    add_table(book, Sheet("About", columns, about))
    if "summary" in content:
        add_table(book, Sheet("Summary", SUMMARY, content["summary"]))
    else:
        add_table(book, Sheet("Activities", activity_columns(content), content["activities"], freeze="C2"))
        add_table(book, Sheet("Events", EVENTS, event_rows(content)))
    target = BytesIO()
    book.save(target)
    return target.getvalue()


NOTE = _l(
    "Shared with the agreement of each United Nations entity concerned. It shows what was agreed for sharing, which "
    "is not all that is done."
)


def csv_file(content: Content) -> bytes:
    """The activities (or the summary) as CSV."""
    if "summary" in content:
        return write_csv(SUMMARY, content["summary"])
    return write_csv(activity_columns(content), content["activities"])


def json_file(content: Content) -> bytes:
    """The whole content as JSON."""
    return json.dumps(content | {"note": str(NOTE)}, ensure_ascii=False, indent=1, sort_keys=True).encode()


def calendar_file(content: Content, address: str) -> bytes:
    """The events as a calendar feed; hours stand in UTC's stead in the event's own zone."""
    stamp = datetime.combine(date.fromisoformat(content["as_of"]), time(12), UTC)
    events = []
    for one in content.get("events", []):
        for place, day in enumerate(StoredOccurrence(*values) for values in one["days"]):
            start, end = day.first_day, day.last_day
            if not (day.is_exact and start and end):
                continue  # a day that nobody named must not stand in a calendar
            timed = bool(day.begins and day.ends and one["timezone"])
            status = _status(one, day)
            events.append(
                FeedEvent(
                    uid=f"{one['uid']}-{place}@outside",
                    sequence=0,
                    stamp=stamp,
                    created=stamp,
                    title=day.title,
                    status=status if status in ("tentative", "cancelled") else "confirmed",  # type: ignore[arg-type]
                    start=datetime.combine(start, time.fromisoformat(day.begins)) if timed else start,
                    end=datetime.combine(end, time.fromisoformat(day.ends)) if timed else end,
                    tzid=one["timezone"] if timed else None,
                    location=day.venue or one["place"],
                    categories=(kind_words(one["kind"]), *chapters_of_day(one, day)),
                    transparent=not timed,
                    links=tuple((title, url) for title, url in documents_of(one)),
                )
            )
    return calendar_bytes(f"{content['title']}, {content['period']}", address, events)
