"""The schedule's first rows. They are written once; after that ops edit them in the admin."""

from typing import Any

_wanted: dict[str, tuple[str, int]] = {}


def every(seconds: int, *, name: str, task: str) -> None:
    """Ask that `task` runs each `seconds` under `name`. Call it when the app is ready."""
    _wanted[name] = (task, seconds)


every(15, name="Sweep deliveries", task="core.drain")


def write_rows(**_: Any) -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for name, (task, seconds) in _wanted.items():
        interval, _created = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
        PeriodicTask.objects.get_or_create(
            name=name, defaults={"task": task, "interval": interval, "expire_seconds": max(seconds, 15)}
        )
