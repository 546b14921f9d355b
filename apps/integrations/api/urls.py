from django.urls import path

from apps.integrations.api import n8n, sms_reports

urlpatterns = [
    path("n8n/", n8n.N8nCallback.as_view(), name="n8n-callback"),
    path("sms/smsc/", sms_reports.SmscReports.as_view(), name="sms-reports-smsc"),
    path("sms/smsru/", sms_reports.SmsRuReports.as_view(), name="sms-reports-smsru"),
]
