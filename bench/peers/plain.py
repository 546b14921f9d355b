"""Django REST framework and the ORM, as the tutorials have it, with persistent connections; served like Claimdesk."""

import hashlib
import os
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

_url = urlsplit(os.environ["CLAIMDESK_DATABASE_URL"])
settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path[1:],
            "USER": _url.username or "",
            "PASSWORD": _url.password or "",
            "HOST": _url.hostname or "",
            "PORT": _url.port or "",
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 2}},
        }
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402  settings come first
from django.db import models, transaction  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework import authentication, exceptions, permissions, serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Session(models.Model):
    token_hash = models.CharField(max_length=64, unique=True)
    contact_id = models.BigIntegerField()
    expires_at = models.DateTimeField()
    is_authenticated = True

    class Meta:
        app_label, managed, db_table = "peers", False, "peer_session"


class Draft(models.Model):
    contact_id = models.BigIntegerField()
    version = models.IntegerField()
    answers = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "peers", False, "peer_draft"


class Event(models.Model):
    draft = models.ForeignKey(Draft, models.CASCADE)
    name = models.CharField(max_length=60)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        app_label, managed, db_table = "peers", False, "peer_event"


class DraftSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
    class Meta:
        model = Draft
        fields = ["id", "version", "answers", "updated_at"]
        read_only_fields = ["version", "updated_at"]


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, str]:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        found = Session.objects.filter(
            token_hash=hashlib.sha256(token.encode()).hexdigest(), expires_at__gt=timezone.now()
        ).first()
        if found is None:
            raise exceptions.AuthenticationFailed
        return found, token


class OneDraft(APIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [permissions.IsAuthenticated]

    @transaction.atomic
    def patch(self, request: Request, pk: int) -> Response:
        draft = get_object_or_404(Draft.objects.select_for_update(), pk=pk, contact_id=request.user.contact_id)
        serializer = DraftSerializer(draft, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save(version=draft.version + 1, updated_at=timezone.now())
        Event.objects.create(draft=draft, name="changed", data={"version": draft.version}, at=timezone.now())
        return Response(serializer.data)


class Ready(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("drafts/<int:pk>", OneDraft.as_view()), path("healthz", Ready.as_view())]
application = get_wsgi_application()
