"""What a person reads for each code of `rules/form.py`."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ANSWER_TEXTS: dict[str, str | Promise] = {
    "too_long": _("This is too long. Please shorten it."),
    "text_expected": _("Write it in words."),
    "answers_expected": _("Send the answers as an object of keys and values."),
    "number_invalid": _("Write a number in digits."),
    "money_invalid": _("Write the amount in digits, for example 120.50, and choose the currency."),
    "currency_unknown": _("Choose the currency from the list."),
    "too_small": _("This is less than possible. Please check it."),
    "too_large": _("This is more than possible. Please check it."),
    "date_invalid": _("Write the date as day, month and year."),
    "date_in_future": _("This day has not come yet. Please check the date."),
    "date_too_old": _("This is more than three years ago. Please check the date."),
    "choice_unknown": _("Choose one of the answers."),
    "yes_no_expected": _("Choose yes or no."),
    "phone_invalid": _("Write the phone number with its country code."),
    "email_invalid": _("Check the email address: something like name@example.com."),
    "event_type_unknown": _("Choose what happened from the list."),
    "unknown_field": _("There is no such field."),
    "unknown_question": _("There is no such question."),
    "language_unknown": _("Choose Russian, Ukrainian or English."),
}

WAIVED_TEXTS: dict[str, str | Promise] = {
    "lost": _("You don't have it: it is lost"),
    "cannot_get": _("You don't have it: you can't get it"),
    "not_applicable": _("You don't have it: it does not apply to you"),
    "staff": _("We no longer need it from you"),
}

MISSING_TEXTS: dict[str, str | Promise] = {
    "required": _("Please fill this in."),
    "description_short": _("Tell a little more about what happened."),
    "document_missing": _("This document is still needed: %(title)s."),
    "requisites_unconfirmed": _("Confirm the payout details with the code from the SMS."),
    "description": _("Tell us what happened."),
    "event_type": _("Choose what happened."),
    "event_date": _("Say when it happened."),
    "event_place": _("Say where it happened."),
    "requisites": _("Say where the payout should go."),
    "question": _("Please answer: %(title)s"),
}
