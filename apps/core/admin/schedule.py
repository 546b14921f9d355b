"""Celery beat's own pages, without the kinds of schedule that nothing here uses."""

from typing import Any

from django.contrib import admin
from django_celery_beat import admin as beat_admin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask, SolarSchedule

admin.site.unregister([ClockedSchedule, CrontabSchedule, PeriodicTask, SolarSchedule])


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat_admin.CrontabScheduleAdmin):  # type: ignore[misc]
    """Without a line in words on its page, which fails on what the form refuses."""

    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone")
    readonly_fields = ()


class PeriodicTaskForm(beat_admin.PeriodicTaskForm):  # type: ignore[misc]
    def clean(self) -> Any:
        self.cleaned_data.setdefault("task", "")  # its own clean fails where the field was refused
        return super().clean()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat_admin.PeriodicTaskAdmin):  # type: ignore[misc]
    form = PeriodicTaskForm
