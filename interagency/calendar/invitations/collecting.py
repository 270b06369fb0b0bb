"""Collecting what came into the mailbox: each mail in a transaction of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from interagency.calendar.invitations.mailbox import open_folder, place_in
from interagency.calendar.invitations.models import Outcome
from interagency.calendar.invitations.receiving import receive


def collect(session: Session, url: str, clock: Callable[[], datetime]) -> Counter[Outcome]:
    """Take every mail that came into the folder at `url` since the last time; how many, by what became of them.

    Safe to run twice at once, and again after it was cut short. Raises MailboxNotRead.
    """
    counts: Counter[Outcome] = Counter()
    with open_folder(url) as folder:
        last = place_in(session, url, folder.validity).last_uid
        session.commit()
        for uid in folder.after(last):
            raw = folder.read(uid)  # nothing is held while the server is slow
            outcome = receive(session, raw.body, clock(), is_whole=raw.is_whole) if raw is not None else None
            if outcome is not None:
                counts[outcome] += 1
            place = place_in(session, url, folder.validity)
            place.last_uid = max(place.last_uid, uid)
            session.commit()
    return counts
