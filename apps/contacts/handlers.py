from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.contacts.events import CodeRequested
from apps.contacts.models import VerificationCode
from apps.core.outbox import Obsolete, Work, handler
from apps.integrations.sms import sms_send


@handler(
    "contacts.send_code",
    on=CodeRequested,
    target="sms",
    repeat="never",
    lifetime=timedelta(seconds=VerificationCode.SECONDS),
)
def send_code(work: Work) -> None:
    """Send the code by SMS, at most once: after an unclear outcome the person asks for another."""
    code = VerificationCode.objects.filter(pk=work.event.code_id).first()
    if code is None or not code.sealed_code or code.expires_at <= work.now:
        raise Obsolete(gettext_noop("the code was replaced, used or sent, or its time is over"))
    with translation.override(code.language):
        text = _("Claimdesk: your code is %(code)s. Tell it to nobody.") % {"code": code.sealed_code}
    sms_send(work, phone=code.phone, text=text, key=str(code.id))
    VerificationCode.objects.filter(pk=code.pk).update(sealed_code="", sent_at=work.now)
