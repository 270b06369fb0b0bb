"""The search in the browser: the page, and the suggestions under the box in the header."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from interagency.db.base import db
from interagency.matrix.framework.names import code_problem
from interagency.search.everything import (
    ALL_OF_A_KIND,
    KINDS,
    LONGEST,
    read_question,
    search,
    search_beginnings,
    search_most,
    suggest,
)
from interagency.search.marks import marked
from interagency.search.results import Group, Hit, Question
from interagency.search.spelling import did_you_mean
from interagency.text.folding import WHOLE_WORD_UP_TO, folded_words
from interagency.web.context import today

bp = Blueprint("search", __name__)


def _kind_words() -> dict[str, str]:
    return {
        "recommendations": _("Recommendations"),
        "chapters": _("Chapters"),
        "organisations": _("Entities and partners"),
        "places": _("Countries and regions"),
        "people": _("People"),
        "editions": _("Editions"),
        "notices": _("Letters to focal points"),
        "needs": _("Needs that countries state"),
        "activities": _("Activities"),
        "events": _("Events"),
    }


def _address(kind: str, hit: Hit) -> str:
    """Where a hit leads: the record, or the activities of what was found."""
    if kind == "activities":
        return url_for("activities.activity", activity_id=int(hit.key))
    if kind == "events":
        return url_for("calendar.event", event_id=int(hit.key))
    if kind == "notices":
        return url_for("notices.notice", notice_id=int(hit.key))
    if kind == "needs":
        return url_for("needs.need", need_id=int(hit.key))
    if kind == "editions":
        return url_for("editions.edition", month=hit.key)
    if kind == "people":
        if current_user.is_administrator:
            return url_for("people.person", person_id=hit.key)
        return url_for("search.page", q=hit.title, only="people")
    name, value = hit.key.split(" ", 1) if kind in ("organisations", "places") else (kind.removesuffix("s"), hit.key)
    return f"{url_for('activities.activities')}?{urlencode({name: value})}"


def _all_of(group: Group, question: Question) -> str:
    """Where all of a kind stand: activities in their list, which has filters and a workbook; others here."""
    if group.kind == "activities":
        return url_for("activities.activities", q=question.text)
    return url_for("search.page", q=question.text, only=group.kind)


def _words(question: Question, groups: list[Group]) -> dict[str, Any]:
    def show(kind: str, text: str, question: Question = question) -> str:
        names = kind not in ("activities", "events", "recommendations", "chapters")
        return marked(text, question.beginnings if names else question.terms)

    return {"question": question, "groups": groups, "kinds": _kind_words(), "address": _address, "show": show}


@bp.get("/search")
def page() -> ResponseReturnValue:
    """Everything that holds the words asked for, grouped."""
    typed = request.args.get("q", "")
    only = request.args.get("only")
    only = only if only in KINDS else None
    question = read_question(typed)
    groups = search(db.session, question, current_user, today(), only=only)
    problem = code_problem(question.text)
    nearly = search_beginnings(db.session, question, current_user, today(), groups, only=only)
    if not groups and nearly is None and not problem:
        nearly = search_most(db.session, question, only=only)
    last = (folded_words(question.text) or [""])[-1]
    return render_template(
        "search/page.html",
        **_words(question, groups),
        nearly=nearly,
        only=only,
        all_of=_all_of,
        most=ALL_OF_A_KIND,
        cut=LONGEST if len(typed.strip()) > LONGEST else None,
        short=last if 0 < len(last) <= WHOLE_WORD_UP_TO and not problem else None,
        problem=problem,
        meant=None if groups or problem else _meant(question.text, only),
    )


def _meant(text: str, only: str | None) -> str | None:
    """Other words to look for instead, if they find something."""
    meant = did_you_mean(db.session, text)
    if meant is None or not search(db.session, read_question(meant), current_user, today(), only=only):
        return None
    return meant


@bp.get("/search/suggestions")
def suggestions() -> ResponseReturnValue:
    """A piece of HTML: the best few of each kind for what stands in the box so far."""
    question = read_question(request.args.get("q", ""), typing=True)
    groups = suggest(db.session, question, current_user, today())
    return render_template("search/_suggestions.html", **_words(question, groups))
