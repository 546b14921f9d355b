from django.utils.translation import gettext_lazy as _

from apps.core.desk.handlers import describe

describe("notifications.receipt_email", _("Receipt to the applicant by email"))
describe("notifications.submitted_sms", _("Claim's number to the applicant by SMS"))
describe("notifications.registered_email", _("Ticket number to the applicant by email"))
describe("notifications.registered_sms", _("Ticket number to the applicant by SMS"))
describe("notifications.request_sms", _("Request for documents by SMS"))
describe("notifications.request_email", _("Request for documents by email"))
describe("notifications.reminder_sms", _("Reminder of what is missing by SMS"))
describe("notifications.reminder_email", _("Reminder of what is missing by email"))
describe("notifications.status_sms", _("Decision to the applicant by SMS"))
describe("notifications.rejected_email", _("Rejected document by email"))
describe("notifications.rejected_sms", _("Rejected document by SMS"))
describe("notifications.status_email", _("Decision to the applicant by email"))
describe("notifications.digest", _("What needs attention, to an administrator by email"))
