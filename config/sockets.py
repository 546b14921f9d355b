from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from apps.claims import consumers
from apps.core.consumers import StaffTargetsConsumer

staff = URLRouter(
    [
        path("claims/", consumers.StaffClaimsConsumer.as_asgi()),
        path("targets/", StaffTargetsConsumer.as_asgi()),
        path("claims/<uuid:claim_id>/", consumers.StaffClaimConsumer.as_asgi()),
    ]
)

websocket_urlpatterns = [
    # Channels matches a nested router behind a middleware only by re_path.
    re_path(r"^ws/staff/", AuthMiddlewareStack(staff)),
    re_path(r"^ws/claims/(?P<number>[A-Z0-9-]{1,24})/$", CookieMiddleware(consumers.ApplicantClaimConsumer.as_asgi())),
]
