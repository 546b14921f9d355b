"""Handlers work the claims, seniors decide them and keep the form; the others read what their work needs."""

from apps.accounts.roles import AUDITOR, CLAIMS_HANDLER, FINANCE, SALES, SENIOR_HANDLER, SUPPORT_AGENT, grant

for name in ("claim", "documentrequest", "claimstatuschange"):
    grant(f"claims.view_{name}", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, SUPPORT_AGENT, SALES, AUDITOR)
for name in ("document", "requisites", "sbpbank"):
    grant(f"claims.view_{name}", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, AUDITOR)
grant("claims.view_consent", CLAIMS_HANDLER, SENIOR_HANDLER, AUDITOR)
grant("claims.change_claim", CLAIMS_HANDLER, SENIOR_HANDLER)
grant("claims.request_documents", CLAIMS_HANDLER, SENIOR_HANDLER)
grant("claims.decide_claim", SENIOR_HANDLER)
grant("claims.pay_claim", FINANCE, SENIOR_HANDLER)

CATALOGUE = ("eventtype", "question", "documentslot", "documentkind", "readyreason")
for name in (*CATALOGUE, "formdefinition"):
    grant(f"claims.view_{name}", CLAIMS_HANDLER, SENIOR_HANDLER, AUDITOR)
for name in CATALOGUE:
    for verb in ("add", "change", "delete"):
        grant(f"claims.{verb}_{name}", SENIOR_HANDLER)
grant("claims.add_formdefinition", SENIOR_HANDLER)
grant("claims.add_sbpbank", SENIOR_HANDLER)
grant("claims.change_sbpbank", SENIOR_HANDLER)
