"""`/data/TOKEN/TABLE.csv`: what a program fetches that knows no other key than an address."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from interagency.accounts.models import Person, TokenKind
from interagency.accounts.tokens import is_use_to_be_noted, note_use
from interagency.api.data.programs import power_bi_file
from interagency.calendar.events.queries import event_conditions, read_event_filters
from interagency.calendar.feeds.models import Subscription
from interagency.calendar.feeds.subscriptions import subscription_by_token
from interagency.db.base import db
from interagency.exports.snapshot import SHARED_FILTERS
from interagency.exports.tables.columns import TABLES
from interagency.exports.tables.sources import Source, edition_source, live_source
from interagency.exports.tables.writing import CONTENT_TYPES, WRITERS, Spooled, pieces_of, spool
from interagency.matrix.activities.conditions import activity_conditions
from interagency.matrix.activities.filters import NAMES, PLAIN_NAMES, Filters, read_filters, unreadable
from interagency.matrix.cycles.models import Edition
from interagency.matrix.cycles.months import MonthNotUnderstood, read_month
from interagency.matrix.cycles.opening import editions_of
from interagency.matrix.needs.listing import SHARED_NAMES as NEED_NAMES
from interagency.matrix.needs.listing import need_conditions
from interagency.matrix.organisations.queries import entities_of
from interagency.text.languages import DEFAULT
from interagency.web.access import public
from interagency.web.context import settings, today, utc_now
from interagency.web.extensions import limiter

bp = Blueprint("data", __name__)
LIMIT = "240 per minute; 6000 per hour"
# Beside the filters: the edition, and which of several issues of a month that was opened again.
OWN_PARAMETERS = ("edition", "issue")
CACHE_CONTROL = "private, max-age=0, must-revalidate"


class NotServed(Exception):
    """Why an address that lives has no such table; status and words."""

    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


def table_address(token: str, name: str) -> str:
    """The address of a table, as people are shown it."""
    return f"{settings().base_url}/data/{token}/{name}"


@bp.get("/data/<token>/<name>")
@public
@limiter.limit(LIMIT)
def table(token: str, name: str) -> ResponseReturnValue:
    """A table under the filters of the address it was made with, and those of the query besides."""
    found = subscription_by_token(db.session, token, TokenKind.DATA)
    if found is None:
        words = _("This address opens nothing. Sign in and make a new one under Subscriptions.")
        return in_words(HTTPStatus.NOT_FOUND, words)
    subscription, kept, person = found
    is_due = is_use_to_be_noted(kept, utc_now())
    try:
        with force_locale(DEFAULT):  # programs rely on the words, whatever language they happen to ask in
            answer = _file(token, name, subscription, person)
    except NotServed as refused:
        answer = in_words(refused.status, refused.words)
    if is_due:
        note_use(token)
    return answer


def _file(token: str, name: str, subscription: Subscription, person: Person) -> Response:
    title, _dot, form = name.rpartition(".")
    if title in TABLES and form == "pbids":
        return sealed(Response(power_bi_file(table_address(token, f"{title}.csv")), content_type="application/json"))
    if title not in TABLES or form not in WRITERS:
        raise NotServed(
            HTTPStatus.NOT_FOUND,
            _("There is no such table. There are, each as .csv and .json: %(names)s.", names=", ".join(TABLES)),
        )
    return send(title, form, _source(subscription, person))


def send(title: str, form: str, source: Source) -> Response:
    """A table of `source` as a file: whole before its first byte is sent, and none for who has the same bytes."""
    table = TABLES[title]
    return send_spooled(spool(WRITERS[form](table.columns, table.rows(source))), f"{title}.{form}")


def send_spooled(body: Spooled, name: str) -> Response:
    """What was written to disk, with its ETag; conditions are heard, HEAD is answered."""
    response = sealed(Response(content_type=CONTENT_TYPES[name.rpartition(".")[2]]))
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.set_etag(body.digest)
    if request.if_none_match.contains_weak(body.digest):
        body.file.close()
        response.status_code = HTTPStatus.NOT_MODIFIED
        del response.headers["Content-Type"]
        return response
    response.headers["Content-Disposition"] = f"inline; filename={name}"
    response.content_length = body.length
    if request.method == "HEAD":
        body.file.close()
        return response
    response.response = pieces_of(body.file)
    response.call_on_close(body.file.close)
    return response


def _source(subscription: Subscription, person: Person) -> Source:
    """What the address shows, as the rights of its person are today."""
    at, day = utc_now(), today()
    mine = [entity.key for entity in entities_of(db.session, person, day)]
    kept = MultiDict(subscription.filters)
    month = request.args.get("edition", "")
    asked = MultiDict((n, v) for n, v in request.args.items(multi=True) if n not in OWN_PARAMETERS)
    known = PLAIN_NAMES if month else NAMES
    both = [read_filters(db.session, kept, names=NAMES), read_filters(db.session, asked, names=known)]
    # No file is wider than its name, also where a name was changed since the address was made.
    if problems := [*both[0].problems, *unreadable(both[1], asked, known)]:
        raise NotServed(HTTPStatus.BAD_REQUEST, " ".join(problems))
    if month:
        return _edition_source(month, both, mine)
    conditions = [one for filters in both for one in activity_conditions(filters, mine)]
    events = [one for filters in both for one in event_conditions(_shared(filters), mine)]
    needs = [one for filters in both for one in need_conditions(_of_needs(filters, mine))]
    return live_source(db.session, conditions, events, needs, day=day, at=at)


def _shared(filters: Filters) -> Filters:
    """The filters that activities and events have in common."""
    pairs = MultiDict((name, value) for name, value in filters.pairs() if name in (*SHARED_FILTERS, "mine"))
    return read_event_filters(db.session, pairs)


def _of_needs(filters: Filters, mine: list[str]) -> Filters:
    """The filters that activities and needs have in common."""
    values = {name: filters.get(name) for name in NEED_NAMES if filters.get(name)}
    return Filters(values | ({"entity": tuple(mine) or ("",)} if filters.get("mine") else {}))


def _edition_source(month: str, both: list[Filters], mine: list[str]) -> Source:
    edition = _edition(month)
    for filters in both:
        if strange := [name for name in filters.values if name not in PLAIN_NAMES]:
            words = _("An edition cannot be narrowed by %(names)s.", names=", ".join(strange))
            raise NotServed(HTTPStatus.BAD_REQUEST, words)
    try:
        return edition_source(db.session, edition, both, mine)
    except ValueError:
        words = _("This edition does not match its checksum and is not shown. Tell whoever runs the service.")
        raise NotServed(HTTPStatus.SERVICE_UNAVAILABLE, words) from None


def _edition(month: str) -> Edition:
    try:
        found = editions_of(db.session, read_month(month))
    except MonthNotUnderstood as problem:
        raise NotServed(HTTPStatus.BAD_REQUEST, str(problem)) from None
    issue = request.args.get("issue")
    found = [edition for edition in found if issue is None or str(edition.issue) == issue]
    if not found:
        words = _("There is no such edition. A month has one once it is closed.")
        raise NotServed(HTTPStatus.NOT_FOUND, words)
    return found[0]


def in_words(status: HTTPStatus, words: str, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A refusal that a program can show: one line of plain text."""
    return sealed(Response(f"{words}\n", status, [*headers], content_type="text/plain; charset=utf-8"))


def sealed(response: Response) -> Response:
    """Headers of what is opened by its address alone: not indexed, the address not passed on."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
