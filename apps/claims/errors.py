from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, DomainError, NotFound


class IllegalTransition(Conflict):
    code = "status_not_possible"
    detail = _("The claim cannot go to this status from where it is.")

    def __init__(self, *, number: str, source: str, target: str) -> None:
        super().__init__()
        self.number, self.source, self.target = number, source, target


class ClaimNotFound(NotFound):
    code = "not_found"
    detail = _("There is no such claim.")


class ClaimNotEditable(Conflict):
    code = "claim_not_editable"
    detail = _("This claim can no longer be changed.")


class VersionConflict(DomainError):
    code = "version_conflict"
    status = 412
    detail = _("The claim was changed on another device. Look at the newest state.")


class TooManyDrafts(Conflict):
    code = "too_many_drafts"
    detail = _("You have several unfinished claims already. Finish one of them first.")


class ClaimIncomplete(DomainError):
    code = "incomplete"
    detail = _("Something is still missing.")


class FieldsInvalid(DomainError):
    code = "invalid"


class DocumentRefused(DomainError):
    code = "document_refused"


class ItemUnknown(NotFound):
    code = "not_found"
    detail = _("This claim does not ask for that.")


class RequisitesRefused(DomainError):
    code = "requisites_invalid"


class RequisitesMissing(Conflict):
    code = "requisites_missing"
    detail = _("Give the payout details first.")


class TooManyPolicyChecks(DomainError):
    code = "too_many_policy_checks"
    status = 429
    detail = _("Too many policy numbers were tried. Wait a little and try again.")


class ReceiptNotReady(Conflict):
    code = "claim_not_submitted"
    detail = _("There is a receipt once the claim is submitted.")
