"""What leaves of good practice for the portal: confirmed, and passed by the gate for the audience. As JSON and Word."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from docx import Document
from sqlalchemy.orm import Session

from interagency.exports.external.content import PREPARED_BY
from interagency.matrix.activities.labels import FactLabels
from interagency.matrix.activities.models import Activity, Practice
from interagency.matrix.activities.reader import entries
from interagency.matrix.agreement.gate import entities_of_activity, through_the_gate
from interagency.matrix.cycles.contents import names_of_the_day
from interagency.text.dates import ImpreciseDate, words_between
from interagency.text.folding import clean

FORMAT = "interagency-good-practice-1"


def portal_content(session: Session, audience: str, day: date) -> dict[str, Any]:
    """Confirmed good practice that `audience` may see on `day`, by title, in plain words."""
    names = names_of_the_day(session)
    confirmed = list(entries(session, [Activity.is_listed.is_(True), Activity.practice == Practice.CONFIRMED]))
    passed = through_the_gate(session, names | {"activities": confirmed, "event": []}, audience, day)
    words = FactLabels.of_edition(names)
    found = sorted(
        (_practice(one["facts"], words) for one in passed.activities), key=lambda one: one["title"].casefold()
    )
    return {
        "format": FORMAT,
        "title": "Good practice in follow-up to UNGASS 2016",
        "as_of": day.isoformat(),
        "audience": audience,
        "prepared_by": PREPARED_BY,
        "good_practices": found,
    }


def _practice(facts: dict[str, Any], words: FactLabels) -> dict[str, Any]:
    start, end = (ImpreciseDate.from_code(facts[name]) if facts[name] else None for name in ("start", "end"))
    taking_part = entities_of_activity(facts)
    return {
        "title": facts["title"],
        "why": facts["practice_reason"],
        "evidence": facts["practice_evidence"],
        "proposed_by": words.organisations.get(facts["practice_by"], "") if facts["practice_by"] in taking_part else "",
        "description": facts["description"] if facts["share_description"] else "",
        "entities": [words.organisations.get(key, key) for key in taking_part],
        "partners": sorted(words.organisations.get(key, key) for key in facts["partners"]),
        "countries": sorted({words.countries.get(code, code) for code, _role in facts["countries"]}),
        "recommendations": facts["recommendations"],
        "sdg": facts["sdg"],
        "when": words_between(start, end) if start or end else "",
        "status": facts["status"],
        "results": facts["results"],
        "lessons_learned": facts["lessons"],
        "link": facts["link"],
    }


def json_file(content: dict[str, Any]) -> bytes:
    """The content as JSON, the same bytes for the same content."""
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


_LINES = (
    ("entities", "UN entities"),
    ("partners", "Partners"),
    ("countries", "Countries"),
    ("recommendations", "Recommendations"),
    ("sdg", "Sustainable Development Goals and targets"),
    ("when", "When"),
    ("status", "Status"),
    ("evidence", "Evidence"),
    ("link", "Link"),
    ("proposed_by", "Proposed by"),
)


def word_file(content: dict[str, Any]) -> bytes:
    """The content as a Word document: one heading each, reason first."""
    document = Document()
    document.core_properties.author = content["prepared_by"]
    document.core_properties.title = content["title"]
    document.add_heading(content["title"], 0)
    document.add_paragraph(f"As of {ImpreciseDate.from_code(content['as_of']).words()}. {content['prepared_by']}.")
    if not content["good_practices"]:
        document.add_paragraph("Nothing that may be shared with this audience is marked as good practice.")
    for one in content["good_practices"]:
        document.add_heading(clean(one["title"], lines=False), 1)
        for name in ("why", "description", "results"):
            if one[name]:
                document.add_paragraph(clean(one[name]))
        if one["lessons_learned"]:
            document.add_heading("Lessons learned", 2)
            document.add_paragraph(clean(one["lessons_learned"]))
        for name, label in _LINES:
            text = "; ".join(one[name]) if isinstance(one[name], list) else one[name]
            if text:
                document.add_paragraph(clean(f"{label}: {text}", lines=False), style="List Bullet")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()
