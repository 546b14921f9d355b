"""Prometheus metrics: of this process's requests, and of the rows that everything depends on."""

from collections.abc import Iterator

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from apps.core.deliveries import oldest_unfinished
from apps.core.models import Delivery, Target

registry = CollectorRegistry()
_requests = Counter("claimdesk_requests", "Requests answered", ["method", "route", "status"], registry=registry)
_seconds = Histogram(
    "claimdesk_request_seconds", "Time to answer", ["route"], registry=registry,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip


METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer. Methods that callers invent share one label: each label is kept in memory for good."""
    _requests.labels(method if method in METHODS else "other", route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


class _Deliveries(Collector):
    def collect(self) -> Iterator[Metric]:
        age = GaugeMetricFamily("claimdesk_oldest_delivery_seconds", "Age of the oldest unfinished delivery")
        age.add_metric([], oldest_unfinished(now=timezone.now()).total_seconds())
        yield age
        count = GaugeMetricFamily("claimdesk_deliveries", "Deliveries not done", labels=["state", "target"])
        open_states = [*Delivery.UNFINISHED, Delivery.State.NEEDS_ATTENTION]
        rows = Delivery.objects.filter(state__in=open_states).values_list("state", "target")
        for state, target, n in rows.annotate(n=Count("id")).order_by("state", "target"):
            count.add_metric([state, target], n)
        yield count
        yield _blocked()


def _blocked() -> Metric:
    """1 for each target that gets nothing, with the reason: a target that works has no line."""
    blocked = GaugeMetricFamily("claimdesk_target_blocked", "Targets that get nothing", labels=["target", "why"])
    rows = Target.objects.filter(Q(paused_at__isnull=False) | Q(opened_at__isnull=False)).order_by("name")
    for name, paused_at, opened_at in rows.values_list("name", "paused_at", "opened_at"):
        for why in [*(["paused"] if paused_at else []), *(["breaker"] if opened_at else [])]:
            blocked.add_metric([name, why], 1)
    return blocked


class _OnDemand(_Deliveries):
    def describe(self) -> list[Metric]:
        """Nothing at registration: that would ask the database at import."""
        return []


registry.register(_OnDemand())


def render() -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(registry)
