"""For which of their entities a person speaks at a page: the one that the address or the form names."""

from __future__ import annotations

from flask import request
from flask_babel import gettext as _

from interagency.matrix.organisations.models import Organisation
from interagency.web.errors import refuse


def entity_named(offered: list[Organisation]) -> Organisation:
    """The one of `offered` that `entity` names, the first when nothing does. 403 for one that is not among them."""
    key = request.values.get("entity", "")
    found = next((one for one in offered if one.key == key), None)
    if found is None and key:
        refuse(403, _("You do not speak for this entity. An appointment that has ended gives no more rights."))
    return found or offered[0]
