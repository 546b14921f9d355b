from apps.accounts.roles import AUDITOR, CLAIMS_HANDLER, FINANCE, SALES, SENIOR_HANDLER, SUPPORT_AGENT, grant

for name in ("policy", "policyproduct", "policyproject"):
    grant(f"policies.view_{name}", CLAIMS_HANDLER, SENIOR_HANDLER, FINANCE, SUPPORT_AGENT, SALES, AUDITOR)
for name in ("policy", "policyproduct"):
    grant(f"policies.add_{name}", SENIOR_HANDLER)
    grant(f"policies.change_{name}", SENIOR_HANDLER)
