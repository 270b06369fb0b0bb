"""The language an output is written in: one of six, asked for by its address or form."""

from __future__ import annotations

from flask import request
from flask_babel import gettext as _

from interagency.text.languages import BY_CODE
from interagency.web.context import viewer_language
from interagency.web.errors import refuse


def asked_language(default: str = "") -> str:
    """The code of the language that the address or form asks for (`language=fr`); without one `default`, or else the
    reader's own. 400 with the valid ones for another."""
    asked = request.values.get("language", "").strip().lower()[:20]
    if not asked:
        return default or viewer_language().code
    if asked not in BY_CODE:
        refuse(
            400,
            _("“%(code)s” is none of the six languages. Write one of %(codes)s.", code=asked, codes=", ".join(BY_CODE)),
        )
    return asked
