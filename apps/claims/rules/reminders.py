"""When an applicant is reminded of what is missing."""

from datetime import datetime, timedelta

DAYS = (2, 4, 7, 14)  # from one to the next; after the last the claim is left to staff


def first_reminder(now: datetime) -> datetime:
    return now + timedelta(days=DAYS[0])


def next_reminder(sent: int, now: datetime) -> datetime | None:
    """When to remind again after `sent` reminders; None after the last."""
    return now + timedelta(days=DAYS[sent]) if sent < len(DAYS) else None
