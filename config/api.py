"""The API's addresses: the schema, its page, and what each app serves."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from apps.accounts.api.views import Metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("api/v1/", include("apps.claims.api.urls")),
    path("api/v1/hooks/", include("apps.integrations.api.urls")),
    path("metrics", Metrics.as_view(), name="metrics"),
]
