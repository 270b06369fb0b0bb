"""What people outside open, and what coordinators do to hand it out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO

import sqlalchemy as sa
from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user

from interagency.accounts.models import AccessToken
from interagency.db.base import db
from interagency.db.history import audit
from interagency.exports.external.content import Content, Form, is_empty
from interagency.exports.external.files import (
    NOTE,
    calendar_file,
    csv_file,
    json_file,
    workbook,
)
from interagency.exports.external.hand_outs import (
    DAYS,
    MAX_DAYS,
    all_hand_outs,
    content_by_token,
    hand_out,
    note_use,
    prepare,
)
from interagency.exports.external.iati import iati_file, is_reportable
from interagency.exports.external.reading import Reading, narrowed, read_choice
from interagency.exports.external.tables import table_file
from interagency.exports.external.translated import event_status_words, in_language, kind_words, status_words
from interagency.exports.language import asked_language
from interagency.exports.media_types import DOCX, XLSX
from interagency.exports.models import HandOut
from interagency.exports.note.content import BODY, Note, draft_note
from interagency.exports.note.content import TITLE as DRAFT_TITLE
from interagency.exports.note.document import write_note
from interagency.exports.note.request import NoteRefusal, note_request
from interagency.exports.signing import signer_or_refusal
from interagency.exports.tables.writing import CONTENT_TYPES
from interagency.matrix.agreement.models import Audience
from interagency.matrix.agreement.statements import audiences
from interagency.matrix.cycles.edition_views import get_edition, load
from interagency.matrix.cycles.editions import newest_edition
from interagency.matrix.cycles.models import Edition
from interagency.matrix.cycles.months import FIRST_MONTH, month_after, month_of, months_between
from interagency.matrix.framework.file_words import in_words
from interagency.matrix.framework.models import Country
from interagency.matrix.framework.names import gazetteer
from interagency.signatures.files import file_signer, has_key
from interagency.signatures.keys import KeyRefusal
from interagency.text.folding import clean
from interagency.text.languages import LANGUAGES
from interagency.web.access import coordinators_only, public
from interagency.web.context import settings, today, utc_now
from interagency.web.errors import refuse
from interagency.web.extensions import limiter
from interagency.web.idempotency import derived_secret, idempotent, record_redirect

bp = Blueprint("external", __name__)
bp.add_app_template_filter(in_words, "in_words")
bp.add_app_template_filter(kind_words, "kind_words")
bp.add_app_template_filter(event_status_words, "event_status_words")
bp.add_app_template_filter(status_words, "status_words")
bp.add_app_template_filter(lambda key, names: names[key]["short"] if key in names else key, "short_of")
ARCHIVE = "signed.zip"
SIGNED_TOGETHER = ("matrix.xlsx", "matrix.csv", "matrix.json", "iati.xml")
LIMIT = "120 per minute; 2000 per hour"
# One page for every dead address: unknown, expired, revoked or of another audience, all the same bytes.
GONE = """<!doctype html>
<html lang="en" dir="ltr"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Not here</title>
<link rel="icon" href="../../static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="../../static/base.css"></head>
<body><main><h1>This address opens nothing</h1>
<p>It may be mistyped, or its time may have ended. Ask whoever gave it to you for a new one.</p></main></body></html>
"""


def gone() -> Response:
    """The answer to every dead address."""
    return sealed(Response(GONE, 404, content_type="text/html; charset=utf-8"))


def sealed(response: Response) -> Response:
    """Headers of everything external: not kept by others, not indexed, no address passed on."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.pop("Vary", None)
    return response


def _opened(token: str) -> tuple[HandOut, Content] | None:
    return content_by_token(db.session, token[:200], utc_now())


@bp.get("/external/<token>/")
@public
@limiter.limit(LIMIT)
def page(token: str) -> ResponseReturnValue:
    """What was handed out, as a page to read, in the language chosen for it or asked for (`language=fr`).

    Its links are relative: without its last slash the address leads on.
    """
    if not request.path.endswith("/"):
        return sealed(Response(status=308, headers={"Location": url_for("external.page", token=token)}))
    found = _opened(token)
    if found is None:
        return gone()
    made, frozen = found
    expires_at = db.session.scalar(sa.select(AccessToken.expires_at).where(AccessToken.id == made.token_id))
    with force_locale(asked_language(made.language)):
        content = in_language(frozen)
        body = render_template(
            "external/page.html",
            content=content,
            reading=_reading(content, request.args),
            note=NOTE,
            in_iati=is_reportable(content),
            can_sign=has_key(settings()),
            as_of=date.fromisoformat(content["as_of"]),
            valid_until=expires_at.astimezone(settings().zone).date() if expires_at else None,
            languages=LANGUAGES,
            asked={} if content["language"] == made.language else {"language": content["language"]},
        )
    note_use(db.session, made.id, "page", utc_now())
    return sealed(Response(body, content_type="text/html; charset=utf-8"))


def _reading(content: Content, args: Mapping[str, str]) -> Reading | None:
    """The list by chapter, as a reader chose; None of a summary."""
    return None if "summary" in content else narrowed(content, read_choice(content, args))


@bp.get("/external/<token>/<name>")
@public
@limiter.limit(LIMIT)
def file(token: str, name: str) -> ResponseReturnValue:
    """What was handed out, as a file, its signature (`NAME.sig`), or all files with theirs (`signed.zip`).

    Files are `matrix.xlsx`, `.csv` or `.json`, `iati.xml`, `calendar.ics`, or a flat table.
    """
    found = _opened(token)
    if found is None:
        return gone()
    made, frozen = found
    wanted = name.removesuffix(".sig")
    with force_locale(asked_language(made.language)):
        content = in_language(frozen)
        kind, body = _made_file(content, wanted)
        if name == ARCHIVE or (wanted != name and body is not None):
            kind, body = _signed(made, content, name, wanted, body)
    if body is None:
        return gone()
    note_use(db.session, made.id, name.rsplit(".", 1)[1], utc_now())
    response = sealed(Response(body, content_type=kind))
    if name in (*SIGNED_TOGETHER, ARCHIVE) or wanted != name:
        response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    return response.make_conditional(request)


def _made_file(content: Content, name: str) -> tuple[str, bytes | None]:
    """The kind of a file and its bytes; None where there is no such file."""
    address = f"{settings().base_url}/external/"
    makers: dict[str, tuple[str, Callable[[], bytes | None] | None]] = {
        "matrix.xlsx": (
            XLSX,
            lambda: workbook(content),
        ),
        "matrix.csv": ("text/csv; charset=utf-8", lambda: csv_file(content)),
        "matrix.json": ("application/json", lambda: json_file(content)),
        "iati.xml": ("application/xml", lambda: iati_file(content)),
        "calendar.ics": ("text/calendar; charset=utf-8", lambda: calendar_file(content, address)),
    }
    kind, make = makers.get(name, (CONTENT_TYPES.get(name.rpartition(".")[2], ""), None))
    return kind, make() if make else table_file(content, name)


def _signed(made: HandOut, content: Content, name: str, wanted: str, body: bytes | None) -> tuple[str, bytes | None]:
    """The signature of a file, or the archive; None where this server cannot sign."""
    try:
        signer = file_signer(db.session, settings(), utc_now(), hand_out=made.id)
    except KeyRefusal:
        signer = None
    if signer is None:
        return "", None
    if name != ARCHIVE:
        return "application/json", signer.sign(wanted, body or b"")
    files = [(one, _made_file(content, one)[1]) for one in (*SIGNED_TOGETHER, "calendar.ics")]
    return "application/zip", signer.archive((one, bytes_) for one, bytes_ in files if bytes_ is not None)


# --- Coordinators ---


def _chosen() -> tuple[Audience, Form, str | None, str]:
    """What the form or address asks for: audience, form, country by code, and a problem in words."""
    offered = audiences(db.session)
    audience = next((one for one in offered if one.key == request.values.get("audience")), offered[0])
    form = next((one for one in Form if one.value == request.values.get("form")), Form.FULL)
    if form is not Form.COUNTRY:
        return audience, form, None, ""
    name = clean(request.values.get("country", ""), lines=False)[:100]
    if not name:
        return audience, form, "", str(_("Write the country of the extract."))
    try:
        return audience, form, gazetteer(db.session).country(name), ""
    except ValueError as problem:
        return audience, form, "", str(problem)


def _preview_page(month: str, *, error: str = "", address: str = "", code: int = 200) -> ResponseReturnValue:
    edition = get_edition(month, request.values.get("issue", type=int))
    load(edition)
    audience, form, country, problem = _chosen()
    frozen, passed = prepare(db.session, edition, audience, form, country, today())
    language = asked_language()
    with force_locale(language):
        content = in_language(frozen)
    name = db.session.get(Country, country) if country else None
    page = render_template(
        "external/hand_out.html",
        edition=edition,
        audiences=audiences(db.session),
        audience=audience,
        forms=list(Form),
        form=form,
        country=name.name if name else clean(request.values.get("country", ""), lines=False)[:100],
        content=content,
        reading=_reading(content, {}),
        note=NOTE,
        of_edition=_of_edition(edition),
        withheld=passed.withheld,
        nothing=is_empty(content),
        some_agreed=bool(passed.activities or passed.events),
        organisations=load(edition)["organisations"],
        error=error or problem,
        address=address,
        days=DAYS,
        most_days=MAX_DAYS,
        typed=request.form,
        languages=LANGUAGES,
        language=language,
        may_hand_out=not problem,
    )
    return page, code


def _of_edition(edition: Edition) -> dict[str, object]:
    """How the page of what waits is asked about this edition. It shows the newest by itself."""
    newest = newest_edition(db.session)
    return {} if newest is edition else {"of": edition.cycle_month, "issue": edition.issue}


@bp.get("/editions/<month>/hand-out")
@coordinators_only
def preview(month: str) -> ResponseReturnValue:
    """What an audience would see of an edition, and what is withheld and why."""
    return _preview_page(month)


def _shown_again() -> ResponseReturnValue | None:
    """The address that this form made, for who sent it twice and saw the second answer only."""
    token, month = derived_secret(), (request.view_args or {})["month"]
    return _handed_out_page(month, token) if _opened(token) else None


def _handed_out_page(month: str, token: str) -> ResponseReturnValue:
    return _preview_page(month, address=settings().base_url + url_for("external.page", token=token))


@bp.post("/editions/<month>/hand-out")
@coordinators_only
@idempotent(_shown_again)
def hand_out_post(month: str) -> ResponseReturnValue:
    """Hand it out: freeze it and show its address, once."""
    audience, form, country, problem = _chosen()
    recipient = clean(request.form.get("recipient", ""), lines=False)[:200]
    days = request.form.get("days", DAYS, type=int)
    if problem or not recipient or not 1 <= days <= MAX_DAYS:
        said = problem or (
            _("Write to whom you hand it; the log keeps it.")
            if not recipient
            else ngettext(
                "Choose between 1 and %(most)s day.", "Choose between 1 and %(most)s days.", MAX_DAYS, most=MAX_DAYS
            )
        )
        return _preview_page(month, error=said, code=422)
    edition = get_edition(month, request.values.get("issue", type=int))
    load(edition)
    _made, token = hand_out(
        db.session, edition, audience, form, country or None, recipient=recipient, days=days, by=current_user,
        at=utc_now(), day=today(), token=derived_secret(), language=asked_language(),
    )  # fmt: skip
    record_redirect(url_for("external.hand_outs"))
    db.session.commit()
    return _handed_out_page(month, token)


@bp.get("/hand-outs")
@coordinators_only
def hand_outs() -> ResponseReturnValue:
    """What was handed to whom, until when, and how often it was fetched."""
    return render_template("external/hand_outs.html", rows=all_hand_outs(db.session), now=utc_now())


@bp.post("/hand-outs/<int:token_id>/revoke")
@coordinators_only
def revoke_post(token_id: int) -> ResponseReturnValue:
    """End an address; what was fetched stays in the log."""
    kept = db.session.get(AccessToken, token_id)
    if kept is None or kept.kind.value != "external":
        refuse(404, _("There is no such address. The list shows all."))
    if kept.revoked_at is None:
        kept.revoked_at = utc_now()
        audit(db.session, "hand_out.revoked", by=current_user, to=kept.label)
        db.session.commit()
    flash(_("The address of “%(to)s” opens nothing any more.", to=kept.label), "success")
    return redirect(url_for("external.hand_outs"))


# --- The Note by the Secretariat ---


@bp.get("/exports/note")
@coordinators_only
def note() -> ResponseReturnValue:
    """The form that drafts the note; once it says a session, with the draft below it."""
    if "session" not in request.args:
        return _note_page()
    try:
        with force_locale(asked_language()):
            draft = draft_note(db.session, note_request(request.args), today())
        return _note_page(draft)
    except NoteRefusal as refusal:
        return _note_page(refusal=refusal)


def _note_page(draft: Note | None = None, refusal: NoteRefusal | None = None) -> ResponseReturnValue:
    month = month_of(today())
    count = months_between(FIRST_MONTH, month) + 12
    page = render_template(
        "external/note.html",
        draft=draft,
        draft_title=DRAFT_TITLE,
        body=BODY,
        refusal=refusal,
        typed=request.args,
        languages=LANGUAGES,
        language=asked_language(),
        months=[month_after(FIRST_MONTH, place) for place in range(count, -1, -1)],
        chosen={"from": f"{month[:4]}-01", "to": month} | request.args.to_dict(),
    )
    return page, 422 if refusal else 200


@bp.get("/exports/note.docx")
@coordinators_only
def note_file() -> ResponseReturnValue:
    """The note as a Word draft."""
    body = BytesIO()
    try:
        with force_locale(asked_language()):
            write_note(body, db.session, note_request(request.args), today())
    except NoteRefusal as refusal:
        return _note_page(refusal=refusal)
    response = Response(body.getvalue(), content_type=DOCX)
    response.headers["Content-Disposition"] = "attachment; filename=note.docx"
    return response


@bp.get("/exports/note.zip")
@coordinators_only
def note_archive() -> ResponseReturnValue:
    """The Word draft with its signature, the public keys and the program that verifies it."""
    body = BytesIO()
    try:
        write_note(body, db.session, note_request(request.args), today())
    except NoteRefusal as refusal:
        return _note_page(refusal=refusal)
    response = Response(signer_or_refusal().archive([("note.docx", body.getvalue())]), content_type="application/zip")
    response.headers["Content-Disposition"] = "attachment; filename=note-signed.zip"
    return response
