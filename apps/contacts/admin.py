from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from apps.contacts.models import Contact, VerificationCode
from apps.contacts.rules import phones
from apps.contacts.selectors import matches
from apps.core.desk import words
from apps.core.desk.base import ReadOnlyAdmin, actor_of, say
from apps.core.desk.handlers import describe
from apps.core.desk.reveal import reveal
from apps.core.errors import DomainError

describe("contacts.send_code", gettext_lazy("SMS with the code"))


@admin.register(Contact)
class ContactAdmin(ReadOnlyAdmin):
    """People. They come by their phone and name themselves; staff look at them here."""

    desk_order = 10
    list_display = ("name", "phone_masked", "language", "created_at")
    sortable_by = ()
    search_fields = ("search",)
    search_help_text = gettext_lazy("Phone or its last 4 digits, name")
    ordering = ("-created_at", "-id")
    list_defer = ("email",)
    fields = ("full_name", "phone_masked", "email_masked", "language", "created_at")
    readonly_fields = fields
    change_form_template = "contacts/admin/contact.html"

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Contact]", search_term: str
    ) -> tuple["QuerySet[Contact]", bool]:
        return (queryset.filter(matches(search_term)) if search_term.strip() else queryset), False

    @admin.display(description=gettext_lazy("full name"))
    def name(self, row: Contact) -> str:
        return row.full_name or _("Name not given")

    @admin.display(description=gettext_lazy("phone"))
    def phone_masked(self, row: Contact) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', getattr(row, "shown_phone", phones.mask(row.phone)))

    @admin.display(description=gettext_lazy("email"))
    def email_masked(self, row: Contact) -> str:
        name, at, host = row.email.partition("@")
        return getattr(row, "shown_email", f"{name[:1]}•••{at}{host}" if at else "—")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.reveal_view))
        return [path("<uuid:contact_id>/reveal/", view, name="contacts_contact_reveal"), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, contact_id: UUID) -> HttpResponse:
        """The contact's page with phone and email in full, once."""
        contact = get_object_or_404(Contact, pk=contact_id)
        try:
            reveal(
                target=contact, what="phone, email", permission="contacts.reveal_personal", action="contact.reveal",
                actor=actor_of(request), now=timezone.now(),
            )  # fmt: skip
        except DomainError as error:
            say(request, error)
            return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[contact_id]))
        request.method, request.shown_in_full = "GET", True  # type: ignore[attr-defined]
        response = self.change_view(request, str(contact_id))
        response["Cache-Control"] = "no-store"
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Contact | None:
        found: Any = super().get_object(request, object_id, from_field)
        if found is not None and getattr(request, "shown_in_full", False):
            found.shown_phone, found.shown_email = phones.display(found.phone), found.email or "—"
        return found  # type: ignore[no-any-return]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        may = request.user.has_perm("contacts.reveal_personal")
        context["may_reveal"] = may and not getattr(request, "shown_in_full", False)
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(VerificationCode)
class VerificationCodeAdmin(ReadOnlyAdmin):
    """That a code was sent, tried and used; never the code."""

    desk_order = 20
    list_display = ("phone_masked", "purpose", "state", "attempts", "age", "sent_at", "used_at")
    list_filter = ("purpose",)
    sortable_by = ()
    search_fields = ("phone_index",)
    search_help_text = gettext_lazy("The whole phone")
    ordering = ("-created_at",)
    list_defer = ("sealed_code", "code_hash")
    fields = ("phone_masked", "purpose", "state", "attempts", "language", "created_at", "sent_at", "used_at",
              "expires_at")  # fmt: skip
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[VerificationCode]", search_term: str
    ) -> tuple["QuerySet[VerificationCode]", bool]:
        if not search_term.strip():
            return queryset, False
        digits = [sign for sign in search_term if sign.isdigit()]
        if len(digits) < 9:  # this table has no index of last digits, nor names
            return queryset.none(), False
        return queryset.filter(matches(search_term)), False

    @admin.display(description=gettext_lazy("phone"))
    def phone_masked(self, row: VerificationCode) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', phones.mask(row.phone))

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: VerificationCode) -> SafeString:
        if row.used_at:
            return words.badge("accepted", _("Used"))
        if row.attempts >= row.TRIES:
            return words.badge("rejected", _("Tries used up"))
        if row.expires_at <= timezone.now():
            return words.badge("draft", _("Out of time"))
        return words.badge("in_review", _("Waits for its person"))

    @admin.display(description=gettext_lazy("age"))
    def age(self, row: VerificationCode) -> SafeString | str:
        return words.age(row.created_at)
