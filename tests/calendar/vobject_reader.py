"""vobject as a reader of one calendar, whatever it has read before."""

from __future__ import annotations

from typing import Any

import vobject
from vobject.icalendar import registerTzid


def read_by_vobject(body: bytes) -> Any:
    """The calendar as vobject reads it.

    It keeps for the life of the process the first description it met of each zone, and a feed describes only the years
    it needs: so the zones of this calendar are registered over those of others first.
    """
    text = body.decode()
    for zone in getattr(vobject.readOne(text), "vtimezone_list", []):
        registerTzid(zone.tzid.value, zone.tzinfo)
    return vobject.readOne(text)
