"""The schedule's first rows. They are written once; after that ops edit them in the admin."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

# s: older ones are not kept for a worker that is away. Long, since the clocks of beat and worker may differ: what looks
# expired to the worker is dropped, and with a short limit every sweep would be.
STALE = 3600
_wanted: dict[str, tuple[str, int]] = {}


def every(seconds: int, *, name: str, task: str) -> None:
    """Ask that `task` runs each `seconds` under `name`. Call it when the app is ready."""
    _wanted[name] = (task, seconds)


every(15, name="Sweep deliveries", task="core.drain")
every(15, name="Sweep slow deliveries", task="core.drain_slow")
every(15, name="Sweep heavy deliveries", task="core.drain_heavy")
every(60, name="End parked deliveries that are past their use", task="core.end_worthless")


def write_rows(**_: Any) -> None:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    for name, (task, seconds) in _wanted.items():
        if PeriodicTask.objects.filter(name=name).exists():
            continue
        wanted = {"every": seconds, "period": IntervalSchedule.SECONDS}  # ops may have made the same interval twice
        interval = IntervalSchedule.objects.filter(**wanted).first() or IntervalSchedule.objects.create(**wanted)
        # As if it had run long ago: beat would let a new one wait for a whole interval.
        begun = timezone.now() - timedelta(seconds=seconds)
        PeriodicTask.objects.create(name=name, task=task, interval=interval, expire_seconds=STALE, last_run_at=begun)
