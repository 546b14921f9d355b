from apps.claims.services.checklist import answers_give, item_ask, item_unwaive, item_waive, slot_unwaive, slot_waive
from apps.claims.services.definition import definition_current, definition_publish
from apps.claims.services.documents import document_add, document_delete, document_judge, document_keep
from apps.claims.services.drafts import claim_begin, claim_describe, claim_patch, claim_policy, drafts_purge
from apps.claims.services.entry import applicant_verify
from apps.claims.services.requisites import requisites_code, requisites_confirm, requisites_put
from apps.claims.services.staff import claim_move
from apps.claims.services.submit import claim_submit

__all__ = [
    "answers_give",
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
    "document_keep",
    "drafts_purge",
    "item_ask",
    "item_unwaive",
    "item_waive",
    "requisites_code",
    "requisites_confirm",
    "requisites_put",
    "slot_unwaive",
    "slot_waive",
]
