"""Every room's tables, imported so that the metadata is whole: for migrations, backup and checks."""

from __future__ import annotations

from interagency import form_keys, mail
from interagency.accounts import models as accounts
from interagency.calendar import models as calendar
from interagency.exports import models as exports
from interagency.matrix.activities import models as activities
from interagency.matrix.agreement import models as agreement
from interagency.matrix.cycles import models as cycles
from interagency.matrix.framework import models as framework
from interagency.matrix.organisations import models as organisations
from interagency.matrix.overlaps import models as overlaps

__all__ = [
    "accounts",
    "activities",
    "agreement",
    "calendar",
    "cycles",
    "exports",
    "form_keys",
    "framework",
    "mail",
    "organisations",
    "overlaps",
]
