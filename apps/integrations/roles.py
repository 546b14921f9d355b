"""Those who speak with clients see whether a message arrived; those who see the systems, what the model costs."""

from apps.accounts.roles import AUDITOR, CLAIMS_HANDLER, SENIOR_HANDLER, SUPPORT_AGENT, grant

grant("integrations.view_smsmessage", CLAIMS_HANDLER, SENIOR_HANDLER, SUPPORT_AGENT, AUDITOR)
grant("integrations.view_modelspending", SENIOR_HANDLER, AUDITOR)
