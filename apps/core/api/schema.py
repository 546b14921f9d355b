from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from apps.core.api.serializers import StrictSerializer


class StrictSerializerSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A serializer that refuses unknown keys says so."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> Any:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if not type(self.target).__dict__.get("__doc__"):
            schema.pop("description", None)  # the words of the class above it, about something else
        return {**schema, "additionalProperties": False}


class ErrorOut(serializers.Serializer[Any]):
    """One thing that is wrong; `attr` is the field it is about, as `answers.flight_number`."""

    code = serializers.CharField()
    detail = serializers.CharField(help_text="In the language of the request.")
    attr = serializers.CharField(allow_null=True)


class ErrorsOut(serializers.Serializer[Any]):
    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ErrorOut(many=True)  # type: ignore[assignment]


EVERYWHERE = {"400": "Wrong input", "429": "Too often; see Retry-After", "503": "Not now; see Retry-After"}
WITH_SESSION = {"401": "No session, or it has ended", "403": "From another site"}
WITH_OBJECT = {"404": "No such thing, or not yours"}
WITH_BODY = {
    "409": "Not possible in this state",
    "411": "A body without Content-Length",
    "413": "Too large",
    "415": "Another content type is expected",
}
WITH_CONDITION = {"412": "Changed since it was read"}
WITH_FILE = {"507": "No room for files"}


class ApiSchema(AutoSchema):
    """Describes a view, with the errors that the one handler (core.api.errors) gives."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status, text in self._errors().items():
            described = self._get_response_for_code(ErrorsOut, status)  # type: ignore[no-untyped-call]
            bodies.setdefault(status, {**described, "description": text})
        return bodies

    def _errors(self) -> dict[str, str]:
        found = dict(EVERYWHERE)
        if self.get_auth() != [{}] and self.view.authentication_classes:
            found |= WITH_SESSION
        if "{" in self.path or "description" in self.path:
            found |= WITH_OBJECT
        if self.method in ("POST", "PUT", "PATCH", "DELETE"):
            found |= WITH_BODY
        if self.method == "PATCH":
            found |= WITH_CONDITION
        if self.path.endswith("/receipt.pdf"):
            found |= {"409": WITH_BODY["409"]}
        if self.path.endswith("/documents") and self.method == "POST":
            found |= WITH_FILE
        return found
