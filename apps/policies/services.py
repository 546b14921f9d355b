from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from apps.contacts.models import Contact
from apps.core.errors import Unavailable
from apps.core.fields import translated
from apps.policies.errors import PolicyNumberRefused
from apps.policies.models import Policy, PolicyProduct, PolicyProject
from apps.policies.rules.numbers import NumberFormat, PolicyNumberInvalid, read_number
from apps.projects.models import Project

Status = Literal["valid", "expired", "not_yet", "not_found", "unavailable"]


@dataclass(frozen=True)
class PolicyCheck:
    number: str
    status: Status
    policy: Policy | None = None
    project: Project | None = None
    is_new_project: bool = False


def policy_check(*, contact: Contact, raw: str, on: date) -> PolicyCheck:
    """What is known of the policy with the number `raw` on the day `on`; its project for `contact` is found or made.

    A source that can't tell now gives `unavailable`, which stops nobody. Raises PolicyNumberRefused.
    """
    number = _read(raw)
    try:
        policy = import_string(settings.POLICY_SOURCE)(number)
    except Unavailable:
        return PolicyCheck(number, "unavailable")
    if policy is None:
        return PolicyCheck(number, "not_found")
    project, is_new = project_for_policy(contact=contact, policy=policy)
    return PolicyCheck(number, validity(policy, on), policy, project, is_new)


def validity(policy: Policy, on: date) -> Literal["valid", "expired", "not_yet"]:
    if on < policy.valid_from:
        return "not_yet"
    return "expired" if on > policy.valid_until else "valid"


def _read(raw: str) -> str:
    products = PolicyProduct.objects.all()
    try:
        return read_number(raw, [NumberFormat(p.code, p.number_pattern, p.number_example) for p in products]).number
    except PolicyNumberInvalid as error:
        text = _("Check the policy number: it looks like %(example)s.") % {"example": error.example}
        raise PolicyNumberRefused(text if error.example else None, attr="number") from None


@transaction.atomic
def project_for_policy(*, contact: Contact, policy: Policy) -> tuple[Project, bool]:
    """The one project of `contact` that holds `policy`, and whether it is new."""
    Contact.objects.select_for_update().get(pk=contact.pk)
    placed = PolicyProject.objects.select_related("project").filter(contact=contact, policy=policy).first()
    if placed:
        return placed.project, False
    name = translated(policy.product.name) if policy.product else ""
    project = Project.objects.create(contact=contact, title=f"{name} {policy.number}".strip())
    PolicyProject.objects.create(contact=contact, policy=policy, project=project)
    return project, True
