"""Editions in the browser: the list, one edition, what changed, its JSON."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa
from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.db.paging import page_within
from interagency.matrix.activities.filters import PLAIN_NAMES, read_filters
from interagency.matrix.activities.labels import FactLabels, field_labels
from interagency.matrix.activities.queries import my_entities
from interagency.matrix.cycles import editions as queries
from interagency.matrix.cycles.contents import Contents
from interagency.matrix.cycles.differences import Difference, Kind, counted
from interagency.matrix.cycles.edition_filters import matches
from interagency.matrix.cycles.models import AnswerKind, Edition
from interagency.matrix.cycles.months import MonthNotUnderstood, format_month, read_month
from interagency.matrix.cycles.named import named
from interagency.matrix.cycles.opening import editions_of
from interagency.matrix.cycles.standing import unanswered_of
from interagency.registry import registry
from interagency.signatures.models import RecordSignature
from interagency.text.word_changes import word_changes
from interagency.web.errors import refuse

bp = Blueprint("editions", __name__)
PAGE = 50


def get_edition(month: str, issue: int | None = None) -> Edition:
    """The newest edition of `month`, or its issue number `issue`; 404 with what to do."""
    try:
        found = editions_of(db.session, read_month(month))
    except MonthNotUnderstood as problem:
        refuse(404, str(problem))
    if issue is not None:
        found = [edition for edition in found if edition.issue == issue]
    if not found:
        refuse(404, _("There is no such edition. A month has one once it is closed; the list shows them all."))
    return found[0]


def load(edition: Edition) -> Contents:
    """What the edition holds, by the names of the reader's language; a clear page when it is damaged."""
    try:
        return named(queries.load(db.session, edition.number))
    except ValueError:
        refuse(
            503,
            _(
                "Edition %(number)s does not match its checksum and is not shown. Whoever runs this service: "
                "run `interagency check`, and restore it from a backup.",
                number=edition.number,
            ),
        )


@bp.get("/editions")
def editions() -> ResponseReturnValue:
    """All editions, newest first."""
    return render_template("cycles/editions.html", editions=queries.all_editions(db.session))


@bp.get("/editions/<month>")
def edition(month: str) -> ResponseReturnValue:
    """One edition: its activities under the filters of the query, its events, answers and numbers."""
    found = get_edition(month, request.args.get("issue", type=int))
    contents = load(found)
    before = queries.edition_before(db.session, found)
    changes = queries.changes_since(db.session, found, before)
    filters = read_filters(db.session, request.args, names=PLAIN_NAMES)
    mine = {entity.key for entity in my_entities()}
    became = request.args.get("became", "")
    shown = [
        entry
        for entry in contents["activities"]
        if matches(entry, contents, filters, mine)
        and (not became or changes["activities"].records[entry["id"]].kind.value == became)
    ]
    shown.sort(key=lambda entry: (entry["facts"]["title"].casefold(), entry["id"]))
    number, pages = page_within(request.args.get("page", 1, type=int), len(shown), PAGE)
    return render_template(
        "cycles/edition.html",
        edition=found,
        contents=contents,
        unanswered=unanswered_of(contents),
        counted=counted,
        answer_words={kind.value: kind.label for kind in AnswerKind},
        words=FactLabels.of_edition(contents),
        before=before,
        issues=editions_of(db.session, found.cycle_month),
        signature=db.session.scalar(sa.select(RecordSignature).where(RecordSignature.edition_number == found.number)),
        changes=changes["activities"],
        event_changes=changes.get("event"),
        shown=shown[(number - 1) * PAGE : number * PAGE],
        total=len(shown),
        page=number,
        pages=pages,
        filters=filters,
        became=became,
        kinds=[kind for kind in Kind if kind is not Kind.GONE],
        is_coordinator=current_user.is_coordinator,
    )


@bp.get("/editions/<month>/changes")
def changes(month: str) -> ResponseReturnValue:
    """What changed since the edition before, or since the edition of another month (`since`)."""
    found = get_edition(month, request.args.get("issue", type=int))
    contents = load(found)
    since = request.args.get("since", "")
    before = get_edition(since) if since else queries.edition_before(db.session, found)
    if before is not None:
        load(before)
    all_changes = queries.changes_since(db.session, found, before)
    words = FactLabels.of_edition(contents)
    groups = [
        (_("Activities"), "activities.activity", "activity_id", all_changes["activities"], field_labels(), words.say)
    ]
    groups += [
        (_("Events"), "calendar.event", "event_id", all_changes.get(part.name, Difference({})), part.labels(),
         partial(part.say, words))
        for part in registry.cycle_parts.values()
    ]  # fmt: skip
    return render_template(
        "cycles/changes.html",
        edition=found,
        before=before,
        groups=groups,
        counted=counted,
        Kind=Kind,
        others=[one for one in queries.all_editions(db.session) if one.number != found.number],
        format_month=format_month,
        word_changes=word_changes,
    )


@bp.get("/editions/<month>/edition.json")
def edition_json(month: str) -> ResponseReturnValue:
    """The edition as it is kept: the bytes its checksum is of."""
    found = get_edition(month, request.args.get("issue", type=int))
    load(found)
    response = make_response(queries.edition_text(db.session, found.number))
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = f"attachment; filename=edition-{found.cycle_month}.json"
    response.set_etag(found.checksum)
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    response.make_conditional(request)
    return response
