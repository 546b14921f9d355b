"""The list of claims, and the page of one: what a clerk works in all day."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.claims.admin import actions, files, reads
from apps.claims.admin.filters import EventFilter, MissingFilter, PeriodFilter, StatusFilter
from apps.claims.errors import IllegalTransition
from apps.claims.models import Claim
from apps.claims.services import claim_move
from apps.contacts.rules import phones
from apps.core.desk import words
from apps.core.desk.base import StaffAdmin, actor_of
from apps.core.desk.lists import table_estimate

TAKEN_UP = (Claim.Status.SUBMITTED, Claim.Status.NEEDS_DOCUMENTS)  # a decision is undone one by one, by who decides


@admin.register(Claim)
class ClaimAdmin(StaffAdmin):
    """State is read-only here: every change goes through a service."""

    desk_order = 10
    list_display = ("number", "person", "event", "state", "age", "lacking", "papers")
    list_display_links = ("number",)
    list_filter = (StatusFilter, EventFilter, PeriodFilter, MissingFilter)
    search_fields = ("search",)
    search_help_text = _("Phone or its last 4 digits, name, number, ticket")
    ordering = ("-listed_at", "-id")
    sortable_by = ("number", "age")
    actions = ("take_up",)
    actions_selection_counter = True
    change_list_template = "claims/admin/list.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    # --- the list

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Claim]", search_term: str
    ) -> tuple["QuerySet[Claim]", bool]:
        return (reads.matching(queryset, search_term) if search_term else queryset), False

    def estimated_count(self, request: HttpRequest) -> int | None:
        """Of the list as it opens, without drafts; drafts are few, since they live two days."""
        rows = table_estimate(Claim)
        return None if rows is None else max(0, rows - Claim.objects.filter(status=Claim.Status.DRAFT).count())

    def list_rows(self, request: HttpRequest, ids: list[Any]) -> list[Any]:
        titles = reads.event_titles()
        found: dict[Any, Any] = {one.pk: one for one in reads.list_rows(ids)}
        now = timezone.now()
        for one in found.values():
            one.shown_event, one.shown_now = titles.get(one.event_type, one.event_type), now
        return [found[pk] for pk in ids if pk in found]

    @admin.display(description=_("person"))
    def person(self, claim: Claim) -> SafeString:
        phone = phones.mask(claim.contact.phone)
        name = claim.contact.full_name or _("Name not given")
        return format_html('<b class="name">{}</b> <span class="quiet nowrap">{}</span>', name, phone)

    @admin.display(description=_("event"))
    def event(self, claim: Any) -> SafeString:
        day = claim.event_date.strftime("%d.%m.%Y") if claim.event_date else ""
        where = " · ".join(part for part in (day, claim.event_place) if part)
        return format_html('<span>{}</span> <span class="quiet">{}</span>', claim.shown_event or "—", where)

    @admin.display(description=_("status"))
    def state(self, claim: Any) -> SafeString:
        badge = words.badge(claim.status, claim.get_status_display())
        return format_html('{} <span class="quiet ticket">{}</span>', badge, claim.ticket) if claim.ticket else badge

    @admin.display(description=_("age"), ordering="listed_at")
    def age(self, claim: Any) -> SafeString | str:
        return words.age(claim.listed_at, claim.shown_now)

    @admin.display(description=_("missing"))
    def lacking(self, claim: Any) -> SafeString:
        if claim.open_requests:
            title = ngettext("%(n)d open request", "%(n)d open requests", claim.open_requests)
            text = title % {"n": claim.open_requests}
            n = max(claim.missing, claim.open_requests)
            return format_html('<span class="mark mark-asked" title="{}">{}</span>', text, n)
        if claim.missing:
            return format_html('<span class="mark mark-lacking">{}</span>', claim.missing)
        if claim.status == Claim.Status.NEEDS_DOCUMENTS:
            return words.badge("attention", _("documents arrived"))
        return format_html('<span class="quiet" title="{}">—</span>', _("Nothing is missing"))

    @admin.display(description=_("documents"))
    def papers(self, claim: Any) -> SafeString:
        return format_html('<span class="count{}">{}</span>', "" if claim.documents_count else " quiet",
                           claim.documents_count)  # fmt: skip

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request)
        return found if self.has_change_permission(request) else {}

    @admin.action(description=_("Take into review"), permissions=["change"])
    def take_up(self, request: HttpRequest, queryset: "QuerySet[Claim]") -> None:
        taken = passed = 0
        for claim_id in queryset.values_list("pk", flat=True)[:200]:
            try:
                taken += _take_up(claim_id, request)
            except IllegalTransition:
                passed += 1
        if taken:
            text = ngettext("%(n)d claim is in review now.", "%(n)d claims are in review now.", taken)
            self.message_user(request, text % {"n": taken}, messages.SUCCESS)
        if passed:
            text = ngettext("%(n)d claim could not go to review.", "%(n)d claims could not go to review.", passed)
            self.message_user(request, text % {"n": passed}, messages.WARNING)

    # --- one claim

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:claim_id>/move/", wrap(actions.move), name="claims_claim_move"),
            path("<uuid:claim_id>/ask/", wrap(actions.ask), name="claims_claim_ask"),
            path("<uuid:claim_id>/waive/", wrap(actions.waive), name="claims_claim_waive"),
            path("<uuid:claim_id>/unwaive/", wrap(actions.unwaive), name="claims_claim_unwaive"),
            path("<uuid:claim_id>/reveal/", wrap(self.reveal_view), name="claims_claim_reveal"),
            path("<uuid:claim_id>/archive/", wrap(files.archive), name="claims_claim_archive"),
            path("<uuid:claim_id>/documents/<uuid:document_id>/judge/", wrap(actions.judge), name="claims_claim_judge"),
            path("<uuid:claim_id>/documents/<uuid:document_id>/file/", wrap(files.original), name="claims_claim_file"),
            path("<uuid:claim_id>/documents/<uuid:document_id>/preview/", wrap(files.preview, cacheable=True),
                 name="claims_claim_preview"),
            path("<uuid:claim_id>/documents/<uuid:document_id>/thumb/", wrap(files.thumb, cacheable=True),
                 name="claims_claim_thumb"),
            path("<uuid:claim_id>/documents/<uuid:document_id>/pages/<int:number>/", wrap(files.page, cacheable=True),
                 name="claims_claim_page"),
        ]  # fmt: skip
        return own + super().get_urls()

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied  # a claim has no form of its own: each change is an action
        return self.claim_page(request, object_id, {})

    def reveal_view(self, request: HttpRequest, claim_id: UUID) -> HttpResponse:
        """The claim's page with one personal detail in full, once."""
        shown = actions.revealed(request, claim_id)
        if isinstance(shown, HttpResponse):
            return shown
        return self.claim_page(request, str(claim_id), shown)

    def claim_page(self, request: HttpRequest, object_id: str | None, shown: dict[str, Any]) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        claim = reads.claim_for_page(_uuid(object_id))
        if claim is None:
            raise Http404
        may_view = request.user.has_perm
        parts = reads.claim_parts(
            claim, translation.get_language() or "ru", now=timezone.now(), may_move=may_view("core.change_delivery")
        )
        if not may_view("claims.view_requisites"):
            parts["requisites"] = None
        if not may_view("claims.view_consent"):
            parts["consents"] = []
        context = {
            **self.admin_site.each_context(request),
            **parts,
            "opts": self.opts,
            "title": claim.number,
            "claim": claim,
            "original": claim,
            "phone": shown.get("phone") or phones.mask(claim.contact.phone),
            "email": shown.get("email") or mask_email(claim.email or claim.contact.email),
            "requisites_shown": shown.get("requisites"),
            "policy_fits": reads.policy_fits(claim),
            "moves": actions.moves(claim, request.user),
            "may": {
                "ask": request.user.has_perm("claims.request_documents") and claim.takes_documents
                and not claim.is_draft,
                "judge": request.user.has_perm("claims.change_claim"),
                "documents": may_view("claims.view_document"),
                "requisites": may_view("claims.view_requisites"),
                "consents": may_view("claims.view_consent"),
                "reveal": request.user.has_perm("contacts.reveal_personal"),
                "contact": request.user.has_perm("contacts.view_contact"),
                "deliveries": request.user.has_perm("core.view_delivery"),
            },
            "here": reverse("admin:claims_claim_change", args=[claim.pk]),
            "list_url": reverse("admin:claims_claim_changelist"),
        }  # fmt: skip
        response = TemplateResponse(request, "claims/admin/claim.html", context)
        response["Cache-Control"] = "no-store"
        return response


@transaction.atomic
def _take_up(claim_id: UUID, request: HttpRequest) -> int:
    """Move one claim to review and return 1. Raises IllegalTransition, also of a claim that was decided meanwhile."""
    claim = Claim.objects.select_for_update().only("number", "status").get(pk=claim_id)
    if claim.status not in TAKEN_UP:
        raise IllegalTransition(number=claim.number, source=claim.status, target=Claim.Status.IN_REVIEW)
    claim_move(claim_id=claim_id, to=Claim.Status.IN_REVIEW, actor=actor_of(request), reason="", now=timezone.now())
    return 1


def _uuid(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise Http404 from None


def mask_email(email: str) -> str:
    """`a•••@example.com`."""
    name, at, host = email.partition("@")
    return f"{name[:1]}•••{at}{host}" if at else ""
