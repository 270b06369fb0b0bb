"""From records to feeds: time zones, building, subscriptions, deadlines, serving."""
