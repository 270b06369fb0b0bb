"""When and where the UN system meets: events, occurrences, feeds, subscriptions."""
