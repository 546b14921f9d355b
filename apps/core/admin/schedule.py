"""Celery beat's own pages, without the kinds of schedule that nothing here uses."""

from django.contrib import admin
from django_celery_beat import admin as beat_admin
from django_celery_beat.models import ClockedSchedule, SolarSchedule

assert beat_admin  # imported so that its pages are registered before two of them are taken off
admin.site.unregister([ClockedSchedule, SolarSchedule])
