"""Every room's tables, imported so that the metadata is whole: for migrations, backup and checks."""

from __future__ import annotations

from interagency.accounts import models as accounts
from interagency.calendar.events import models as events
from interagency.calendar.feeds import models as feeds
from interagency.calendar.incoming import models as incoming
from interagency.calendar.invitations import models as invitations
from interagency.db import audit_chain
from interagency.exports import models as exports
from interagency.following import models as following
from interagency.mail import models as mail
from interagency.matrix.activities import models as activities
from interagency.matrix.agreement import models as agreement
from interagency.matrix.cycles import models as cycles
from interagency.matrix.desk import models as desk
from interagency.matrix.framework import models as framework
from interagency.matrix.messages import models as messages
from interagency.matrix.needs import models as needs
from interagency.matrix.organisations import models as organisations
from interagency.matrix.overlaps import models as overlaps
from interagency.matrix.remarks import models as remarks
from interagency.operations import state
from interagency.signatures import models as signatures
from interagency.web import idempotency

__all__ = [
    "accounts",
    "activities",
    "agreement",
    "audit_chain",
    "cycles",
    "desk",
    "events",
    "exports",
    "feeds",
    "following",
    "framework",
    "idempotency",
    "incoming",
    "invitations",
    "mail",
    "messages",
    "needs",
    "organisations",
    "overlaps",
    "remarks",
    "signatures",
    "state",
]
