from django.urls import path

from apps.claims.api.views import claims, documents, entry

CLAIM = "intake/claims/<str:number>"
DOCUMENT = f"{CLAIM}/documents/<uuid:document_id>"

urlpatterns = [
    path("intake/definition", entry.Definition.as_view()),
    path("sms/send", entry.SmsSend.as_view()),
    path("sms/verify", entry.SmsVerify.as_view()),
    path("intake/session", entry.Session.as_view()),
    path("intake/session/end", entry.SessionEnd.as_view()),
    path("intake/claims", claims.Claims.as_view()),
    path("claims/description", claims.Description.as_view()),
    path(CLAIM, claims.OneClaim.as_view()),
    path(f"{CLAIM}/policy", claims.ClaimPolicy.as_view()),
    path(f"{CLAIM}/slots/<slug:slot>/waiver", claims.SlotWaiver.as_view()),
    path(f"{CLAIM}/requisites", claims.ClaimRequisites.as_view()),
    path(f"{CLAIM}/requisites/code", claims.ClaimRequisitesCode.as_view()),
    path(f"{CLAIM}/requisites/confirm", claims.ClaimRequisitesConfirm.as_view()),
    path(f"{CLAIM}/submit", claims.ClaimSubmit.as_view()),
    path(f"{CLAIM}/receipt.pdf", claims.ClaimReceipt.as_view()),
    path(f"{CLAIM}/documents", documents.Documents.as_view()),
    path(DOCUMENT, documents.OneDocument.as_view()),
    path(f"{DOCUMENT}/keep", documents.DocumentKeep.as_view()),
    path(f"{DOCUMENT}/file", documents.DocumentFile.as_view()),
    path(f"{DOCUMENT}/preview", documents.DocumentPreview.as_view()),
]
