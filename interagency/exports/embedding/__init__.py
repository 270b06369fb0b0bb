"""Calendars for pages of other sites: from a subscription for the intranet, from a hand-out for outsiders."""
