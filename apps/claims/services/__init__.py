from apps.claims.services.definition import definition_current, definition_publish
from apps.claims.services.documents import document_add, document_delete, document_judge
from apps.claims.services.drafts import claim_begin, claim_describe, claim_patch, claim_policy, drafts_purge
from apps.claims.services.entry import applicant_verify
from apps.claims.services.requisites import requisites_code, requisites_confirm, requisites_put
from apps.claims.services.staff import claim_move, documents_request
from apps.claims.services.submit import claim_submit

__all__ = [
    "applicant_verify",
    "claim_begin",
    "claim_describe",
    "claim_move",
    "claim_patch",
    "claim_policy",
    "claim_submit",
    "definition_current",
    "definition_publish",
    "document_add",
    "document_delete",
    "document_judge",
    "documents_request",
    "drafts_purge",
    "requisites_code",
    "requisites_confirm",
    "requisites_put",
]
