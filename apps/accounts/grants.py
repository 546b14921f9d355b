"""What the roles may do with staff's own rows and with the kernel's, which knows no roles."""

from apps.accounts.roles import AUDITOR, CLAIMS_HANDLER, FINANCE, SENIOR_HANDLER, SUPPORT_AGENT, grant

for name in ("delivery", "deliveryattempt", "outboxevent", "auditentry", "inboxmessage"):
    grant(f"core.view_{name}", AUDITOR)
for name in ("user", "apitoken"):
    grant(f"accounts.view_{name}", AUDITOR)
grant("auth.view_group", AUDITOR)
for name in ("periodictask", "intervalschedule", "crontabschedule"):
    grant(f"django_celery_beat.view_{name}", AUDITOR)

for name in ("delivery", "deliveryattempt", "outboxevent"):
    grant(f"core.view_{name}", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, SUPPORT_AGENT)
grant("core.change_delivery", SENIOR_HANDLER)
grant("core.view_target", SENIOR_HANDLER, AUDITOR)
