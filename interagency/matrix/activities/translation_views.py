"""Translations of an activity's title and description, beside the original: who wrote them, and when.

The original is never changed by one. What was translated is kept with it, so that a page can say that the text went on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from interagency.db.base import db
from interagency.db.history import TextTranslation
from interagency.matrix.activities.fields import BY_NAME
from interagency.matrix.activities.models import Activity
from interagency.matrix.activities.queries import get_activity, get_activity_for_edit, my_entities
from interagency.matrix.activities.record import Right, right_to_edit
from interagency.text.folding import clean
from interagency.text.languages import BY_CODE, LANGUAGES
from interagency.web.context import utc_now
from interagency.web.errors import refuse
from interagency.web.idempotency import idempotent, record_redirect

bp = Blueprint("translations", __name__)
TRANSLATED = ("title", "description")
ACTIVITY = "activity"


def translations_of(session: Session, ids: Collection[int]) -> dict[int, dict[str, dict[str, TextTranslation]]]:
    """What holds now of the translations of activities: by id, language and field. Those taken back are left out."""
    query = sa.select(TextTranslation).where(
        TextTranslation.record_type == ACTIVITY, TextTranslation.record_id.in_(list(ids))
    )
    found: dict[int, dict[str, dict[str, TextTranslation]]] = defaultdict(lambda: defaultdict(dict))
    for one in session.scalars(query.order_by(TextTranslation.id)):
        found[one.record_id][one.language][one.field] = one
    return {
        number: {
            language: said
            for language, fields in languages.items()
            if (said := {name: one for name, one in fields.items() if one.text})
        }
        for number, languages in found.items()
    }


def _page(activity: Activity, *, error: str = "", code: int = 200) -> ResponseReturnValue:
    page = render_template(
        "matrix/translations.html",
        activity=activity,
        translations=translations_of(db.session, [activity.id]).get(activity.id, {}),
        languages=LANGUAGES,
        by_code=BY_CODE,
        may_edit=right_to_edit(current_user, my_entities(), activity) is not Right.NOTHING,
        error=error,
        typed=request.form,
        longest={name: BY_NAME[name].max_length for name in TRANSLATED},
    )
    return page, code


@bp.get("/activities/<int:activity_id>/translations")
def translations(activity_id: int) -> ResponseReturnValue:
    """The translations of one activity, and the form for another."""
    return _page(get_activity(activity_id))


@bp.post("/activities/<int:activity_id>/translations")
@idempotent()
def translations_post(activity_id: int) -> ResponseReturnValue:
    """Keep a translation in one language: of the title, the description or both; an empty one takes it back."""
    activity, right, _mine = get_activity_for_edit(activity_id)
    if right is Right.NOTHING:
        refuse(403, _("Only the entities of this activity translate it."))
    language = request.form.get("language", "")
    own = activity.text_language.value if activity.text_language else ""
    if language not in BY_CODE:
        return _page(activity, error=str(_("Choose the language you translated into.")), code=422)
    if language == own:
        words = _("The activity is written in %(language)s. Edit it instead.", language=BY_CODE[language].own_name)
        return _page(activity, error=str(words), code=422)
    said = {name: clean(request.form.get(name, ""), lines=name != "title") for name in TRANSLATED}
    for name, text in said.items():
        if len(text) > BY_NAME[name].max_length:
            most = f"{BY_NAME[name].max_length:,}"
            words = _("%(field)s fits in %(most)s characters. Shorten it.", field=BY_NAME[name].label, most=most)
            return _page(activity, error=str(words), code=422)
    before = translations_of(db.session, [activity.id]).get(activity.id, {}).get(language, {})
    for name, text in said.items():
        standing = before.get(name)
        original = getattr(activity, name)
        if text == (standing.text if standing else "") and (not text or (standing and standing.original == original)):
            continue
        db.session.add(
            TextTranslation(
                record_type=ACTIVITY, record_id=activity.id, field=name, language=language, text=text,
                original=original, at=utc_now(), by_id=current_user.id, by_name=current_user.name,
            )
        )  # fmt: skip
    here = url_for("translations.translations", activity_id=activity.id)
    record_redirect(here)
    db.session.commit()
    flash(_("Saved in %(language)s.", language=BY_CODE[language].own_name), "success")
    return redirect(here)
