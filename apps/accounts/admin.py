from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import ApiToken, User
from apps.accounts.services import api_token_create, api_token_revoke
from apps.core.desk.base import StaffAdmin, actor_of


def time_zones() -> list[tuple[str, str]]:
    """The time zones of places, such as Europe/Moscow, and UTC."""
    places = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(places))
    return [(name, name) for name in ["UTC", *names]]


@admin.register(User)
class UserAdmin(StaffAdmin, StockUserAdmin):  # type: ignore[type-arg]
    """Staff. A role is a group; nobody is deleted, since their name stands in the history: switch them off."""

    desk_order = 10
    list_display = ("username", "full_name", "roles", "language", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    filter_horizontal = ()
    fieldsets = [
        (None, {"fields": ["username", "password", ("first_name", "last_name"), "email", ("language", "time_zone")]}),
        (gettext_lazy("Roles"), {"fields": ["groups", ("is_active", "is_staff", "is_superuser")]}),
        (gettext_lazy("Dates"), {"fields": [("last_login", "date_joined")]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "usable_password", "password1", "password2", ("first_name", "last_name"),
                           ("language", "time_zone"), "groups"]}),
    ]  # fmt: skip
    readonly_fields = ("last_login", "date_joined")
    change_form_template = "core/change_form.html"

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["widget"] = forms.CheckboxSelectMultiple
        field: Any = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.label_from_instance = lambda group: _(group.name)
        return field

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "time_zone":
            label = capfirst(db_field.verbose_name)
            return forms.ChoiceField(choices=time_zones, label=label, initial=db_field.default)
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "groups":
            field.widget.can_add_related = False
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser makes another, or changes one."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if request.user.is_superuser else (*fixed, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def list_rows(self, request: HttpRequest, ids: list[Any]) -> list[Any]:
        found = {row.pk: row for row in User.objects.filter(pk__in=ids).prefetch_related("groups")}
        return [found[pk] for pk in ids if pk in found]

    @admin.display(description=gettext_lazy("full name"))
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "—"

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(_(group.name) for group in user.groups.all()) or "—"


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ApiToken
        fields = ("user", "name", "expires_at")


@admin.register(ApiToken)
class ApiTokenAdmin(StaffAdmin):
    desk_order = 20
    form = TokenForm
    list_display = ("name", "user", "hint", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_joins = ("user",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    actions = ("revoke",)
    sortable_by = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        more = ("hint", "created_at", "last_used_at", "revoked_at")
        return (*TokenForm.Meta.fields, *more) if obj else TokenForm.Meta.fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A token does what its user may; only a superuser gives a superuser's."""
        if db_field.name == "user" and not request.user.is_superuser:
            kwargs["queryset"] = User.objects.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        made, secret = api_token_create(
            user=obj.user, name=obj.name, expires_at=obj.expires_at, actor=actor_of(request), now=timezone.now()
        )
        obj.pk, obj._state.adding = made.pk, False
        request.new_secret = secret  # type: ignore[attr-defined]  # for the next page and nowhere else

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit has it, with the right id."""

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """The one page that shows the secret."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The token is made"),
            "token": obj,
            "secret": request.new_secret,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, "accounts/admin/token_made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description=gettext_lazy("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: "QuerySet[ApiToken]") -> None:
        for token in queryset[:500]:
            api_token_revoke(token=token, actor=actor_of(request), now=timezone.now())
        self.message_user(request, _("The tokens are revoked."), messages.SUCCESS)
