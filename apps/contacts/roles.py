from apps.accounts.roles import AUDITOR, CLAIMS_HANDLER, FINANCE, SALES, SENIOR_HANDLER, SUPPORT_AGENT, grant

grant("contacts.view_contact", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, SUPPORT_AGENT, SALES, AUDITOR)
grant("contacts.reveal_personal", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE)
grant("contacts.view_verificationcode", SENIOR_HANDLER, SUPPORT_AGENT, AUDITOR)
