"""The shapes of the intake API. Requests are validated by them; answers are built in output.py and documented here."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.claims.models import ChecklistEntry, Claim, Document, Requisites
from apps.claims.rules import form
from apps.core.api.serializers import StrictCharField, StrictChoiceField, StrictRegexField, StrictSerializer

LANGUAGES = [(code, code) for code, _name in settings.LANGUAGES]
POLICY_STATUSES = [(value, value) for value in Claim.PolicyStatus.values if value]

SLOT_STATES = [
    (value, value) for value in ("waiting", "reading", "received", "doubtful", "accepted", "rejected", "waived")
]
ORIGINS = [(value, value) for value in ChecklistEntry.Origin.values]
WAIVED = [(value, value) for value in ("", *(value for value in ChecklistEntry.Waived.values if value))]
JUDGES = [(value, value) for value in ("", "machine", "staff")]
STEP_STATES = [(value, value) for value in ("done", "todo", "attention")]


class Shape(serializers.Serializer[Any]):
    """An answer: documented, never used to read what came in."""


# --- requests


def code_field() -> StrictRegexField:
    return StrictRegexField(
        r"^[0-9]{6}$", help_text="Six digits.", error_messages={"invalid": _("The code has six digits.")}
    )


class SmsSendIn(StrictSerializer):
    phone = StrictCharField(max_length=40, help_text="Any usual spelling of a Russian or Ukrainian mobile number.")


class SmsVerifyIn(StrictSerializer):
    phone = StrictCharField(max_length=40)
    code = code_field()


class DescriptionIn(StrictSerializer):
    session_id = StrictCharField(max_length=20, help_text="The claim's number.")
    text = StrictCharField(max_length=form.DESCRIPTION_MOST, allow_blank=True, trim_whitespace=False)


class ClaimNewIn(StrictSerializer):
    language = StrictChoiceField(LANGUAGES, required=False)


@extend_schema_field({"type": "string", "pattern": "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"})
class DayOrNothing(StrictCharField):
    pass


class ClaimPatchIn(StrictSerializer):
    """Documents the body of PATCH; the claim's own definition validates it."""

    event_type = StrictCharField(required=False, allow_blank=True, allow_null=True)
    event_date = DayOrNothing(
        required=False, allow_null=True, allow_blank=True, help_text="`YYYY-MM-DD`; empty removes it."
    )
    event_place = StrictCharField(required=False, allow_blank=True, allow_null=True, max_length=form.PLACE_MOST)
    email = StrictCharField(required=False, allow_blank=True, allow_null=True)
    language = StrictChoiceField(LANGUAGES, required=False)
    answers = serializers.DictField(required=False, help_text="Merged; null removes an answer.")


class PolicyIn(StrictSerializer):
    number = StrictCharField(max_length=60)


class DocumentIn(serializers.Serializer[Any]):
    file = serializers.FileField()
    slot = serializers.CharField(max_length=50)


class WaiverIn(StrictSerializer):
    reason = StrictChoiceField(["lost", "cannot_get", "not_applicable"])
    note = StrictCharField(required=False, allow_blank=True, max_length=500)


class RequisitesIn(StrictSerializer):
    kind = StrictChoiceField(Requisites.Kind.choices)
    bik = StrictCharField(required=False, allow_blank=True, max_length=40)
    account = StrictCharField(required=False, allow_blank=True, max_length=60)
    recipient = StrictCharField(required=False, allow_blank=True, max_length=300)
    inn = StrictCharField(required=False, allow_blank=True, max_length=40)
    number = StrictCharField(required=False, allow_blank=True, max_length=60)
    phone = StrictCharField(required=False, allow_blank=True, max_length=40)
    bank_id = StrictCharField(required=False, allow_blank=True, max_length=40)


class CodeIn(StrictSerializer):
    code = code_field()


class ConsentIn(StrictSerializer):
    kind = StrictCharField(max_length=40)
    version = StrictCharField(max_length=20)


class SubmitIn(StrictSerializer):
    consents = ConsentIn(many=True, max_length=20)  # type: ignore[call-arg]


# --- answers


class CodeSentOut(Shape):
    phone = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    resend_in = serializers.IntegerField(help_text="Seconds.")
    debug_code = serializers.CharField(required=False, help_text="Only where the sandbox stands in for the gateway.")


class ChoiceOut(Shape):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class ConditionOut(Shape):
    question = serializers.CharField()
    equals = serializers.JSONField()


class QuestionOut(Shape):
    key = serializers.CharField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField(allow_blank=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    order = serializers.IntegerField()
    choices = ChoiceOut(many=True)
    condition = ConditionOut(allow_null=True)
    role = serializers.CharField(allow_blank=True)
    min = serializers.CharField(allow_null=True)
    max = serializers.CharField(allow_null=True)


class ProvenanceOut(Shape):
    origin = serializers.ChoiceField(ORIGINS, help_text="`form`: everyone is asked for it.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it is asked of this claim, beyond its form.")
    evidence = serializers.CharField(allow_blank=True, help_text="The person's own words that led to it.")
    waived = serializers.ChoiceField(WAIVED, allow_blank=True)


class AnsweredQuestionOut(ProvenanceOut, QuestionOut):
    value = serializers.JSONField(allow_null=True)


class SlotOut(Shape):
    key = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField(allow_blank=True)
    accepts_note = serializers.CharField(allow_blank=True)
    accepts = serializers.ListField(child=serializers.CharField())
    required = serializers.BooleanField()  # type: ignore[assignment]
    order = serializers.IntegerField()
    max_files = serializers.IntegerField()


class DocumentOut(Shape):
    id = serializers.UUIDField()
    slot = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    type = serializers.CharField()
    state = serializers.ChoiceField(Document.State.choices)
    judged_by = serializers.ChoiceField(JUDGES, allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    can_keep = serializers.BooleanField(help_text="Rejected by the reading: the applicant may say that it is right.")
    wants_better = serializers.BooleanField(help_text="Rejected, or doubted for what another file can mend.")
    created_at = serializers.DateTimeField()
    pages = serializers.IntegerField()
    preview_url = serializers.CharField(allow_null=True)
    download_url = serializers.CharField()


class DocumentListOut(Shape):
    results = DocumentOut(many=True)


class FilledSlotOut(ProvenanceOut, SlotOut):
    can_waive = serializers.BooleanField()
    waived_note = serializers.CharField(allow_blank=True, help_text="What the applicant wrote with it.")
    state = serializers.ChoiceField(SLOT_STATES)
    documents = DocumentOut(many=True)


class PolicyOut(Shape):
    number = serializers.CharField()
    status = serializers.ChoiceField(POLICY_STATUSES)
    valid_from = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    insurer = serializers.CharField(allow_blank=True)
    product = serializers.CharField(allow_blank=True)
    project_id = serializers.UUIDField(allow_null=True)
    is_new_project = serializers.BooleanField()
    detail = serializers.CharField()


class RequisitesOut(Shape):
    kind = serializers.ChoiceField(Requisites.Kind.choices)
    summary = serializers.CharField(help_text="Masked.")
    confirmed = serializers.BooleanField()
    recipient = serializers.CharField(allow_blank=True)
    bank_name = serializers.CharField(allow_blank=True)


class RequisitesCodeOut(Shape):
    sent = serializers.BooleanField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    resend_in = serializers.IntegerField(help_text="Seconds.")
    debug_code = serializers.CharField(required=False)


class RequisitesKeptOut(Shape):
    requisites = RequisitesOut()
    code = RequisitesCodeOut()


class MissingOut(Shape):
    attr = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class StepOut(Shape):
    key = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(STEP_STATES)
    missing = MissingOut(many=True)


class StepTitleOut(Shape):
    key = serializers.CharField()
    title = serializers.CharField()


class RequestOut(Shape):
    kind = serializers.ChoiceField(ChecklistEntry.Kind.choices)
    slot = serializers.CharField(allow_blank=True, help_text="The document's or the question's key.")
    text = serializers.CharField()
    at = serializers.DateTimeField()


class TimelineOut(Shape):
    at = serializers.DateTimeField()
    code = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class RegistrationOut(Shape):
    state = serializers.ChoiceField(
        ["none", "in_progress", "waiting", "done"],
        help_text="`waiting`: a step takes longer than usual; it goes on by itself. `none`: it is registered nowhere.",
    )
    ticket_number = serializers.CharField(allow_blank=True)
    registered_at = serializers.DateTimeField(allow_null=True)
    documents_handed_over = serializers.IntegerField()
    documents_total = serializers.IntegerField(help_text="0 where no documents are handed over.")
    text = serializers.CharField(allow_blank=True, help_text="All of this in words, in the request's language.")


class AdviceOut(Shape):
    state = serializers.ChoiceField(["none", "asked", "given"])
    event_type = serializers.CharField(allow_blank=True)
    event_type_advised = serializers.BooleanField(help_text="The adviser chose the event type; nobody changed it yet.")


class CanOut(Shape):
    edit = serializers.BooleanField()
    upload = serializers.BooleanField()
    submit = serializers.BooleanField()


class ClaimRowOut(Shape):
    number = serializers.CharField()
    status = serializers.ChoiceField(Claim.Status.choices)
    status_label = serializers.CharField(help_text="The status in words: what we wait for, or what comes next.")
    event_title = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    missing_count = serializers.IntegerField()


class ClaimListOut(Shape):
    results = ClaimRowOut(many=True)


class ClaimOut(ClaimRowOut):
    version = serializers.IntegerField()
    language = serializers.ChoiceField(LANGUAGES)
    definition_version = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)
    event_type = serializers.CharField(allow_blank=True)
    event_date = serializers.DateField(allow_null=True)
    event_place = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    policy = PolicyOut(allow_null=True)
    answers = serializers.DictField(child=serializers.JSONField())
    steps = StepOut(many=True)
    questions = AnsweredQuestionOut(many=True)
    slots = FilledSlotOut(many=True)
    requisites = RequisitesOut(allow_null=True)
    requests = RequestOut(many=True)
    registration = RegistrationOut()
    advice = AdviceOut()
    timeline = TimelineOut(many=True)
    can = CanOut()
    receipt_url = serializers.CharField(allow_null=True)


class ClaimPatchedOut(ClaimOut):
    overwrote = serializers.IntegerField(
        allow_null=True, help_text="The version written over, where no If-Match named one."
    )


class VerifiedOut(Shape):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    contact_id = serializers.UUIDField()
    is_new_contact = serializers.BooleanField()
    resumed = serializers.BooleanField()
    claim = ClaimOut()


class SessionOut(Shape):
    phone_masked = serializers.CharField()
    expires_at = serializers.DateTimeField()
    idle_expires_at = serializers.DateTimeField()
    now = serializers.DateTimeField()


class DescribedOut(Shape):
    number = serializers.CharField()
    version = serializers.IntegerField()


class SubmittedOut(Shape):
    number = serializers.CharField()
    status = serializers.ChoiceField(Claim.Status.choices)
    submitted_at = serializers.DateTimeField()


class GroupOut(Shape):
    questions = QuestionOut(many=True)
    slots = SlotOut(many=True)


class EventTypeOut(GroupOut):
    code = serializers.CharField()
    icon = serializers.CharField(allow_blank=True)
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)


class LimitsOut(Shape):
    max_file_bytes = serializers.IntegerField()
    max_claim_bytes = serializers.IntegerField()
    max_claim_files = serializers.IntegerField()
    draft_hours = serializers.IntegerField()
    code_length = serializers.IntegerField()
    code_seconds = serializers.IntegerField()
    code_tries = serializers.IntegerField()
    resend_seconds = serializers.IntegerField()
    description_min = serializers.IntegerField()
    description_max = serializers.IntegerField()
    session_idle_seconds = serializers.IntegerField()


class ConsentTextOut(Shape):
    kind = serializers.CharField()
    version = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    title = serializers.CharField()
    text = serializers.CharField()


class BankOut(Shape):
    id = serializers.CharField()
    name = serializers.CharField()


class DefinitionOut(Shape):
    version = serializers.IntegerField()
    language = serializers.ChoiceField(LANGUAGES)
    languages = serializers.ListField(child=serializers.CharField())
    steps = StepTitleOut(many=True)
    event_types = EventTypeOut(many=True)
    common = GroupOut()
    limits = LimitsOut()
    consents = ConsentTextOut(many=True)
    banks = BankOut(many=True)
    currencies = serializers.ListField(child=serializers.CharField())
