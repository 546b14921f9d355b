"""What a person reads for each code of `rules/requisites.py`; the catalogues of locale/ translate it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REQUISITE_TEXTS: dict[str, str | Promise] = {
    "bik_required": _("Enter the bank's BIK: nine digits, next to the account number in your banking app."),
    "bik_length": _("A BIK has exactly nine digits. Please check it."),
    "bik_invalid": _("This can't be a bank's BIK: it is nine digits, as a rule starting with 04."),
    "account_required": _("Enter the account number: twenty digits."),
    "account_length": _("An account number has exactly twenty digits. Please check it."),
    "account_invalid": _("An account number has digits only. Please check it."),
    "account_checksum": _("This account doesn't fit this BIK: there is a slip in one of them. Please compare both."),
    "correspondent_required": _("Enter the correspondent account: twenty digits."),
    "correspondent_length": _("A correspondent account has exactly twenty digits. Please check it."),
    "correspondent_invalid": _("A correspondent account starts with 301 and has digits only. Please check it."),
    "correspondent_bank": _("The last three digits of the correspondent account must be those of the BIK."),
    "correspondent_checksum": _("There is a slip in the correspondent account or in the BIK. Please compare both."),
    "recipient_required": _("Enter the recipient's name, as the bank has it."),
    "recipient_short": _("Enter the recipient's full name: at least the first and the last name."),
    "recipient_long": _("The recipient's name is too long: a bank takes 160 characters at most."),
    "recipient_number": _("This looks like a number. Enter the recipient's name here."),
    "recipient_invalid": _("A name may have Russian, Ukrainian or Latin letters, spaces and hyphens."),
    "inn_required": _("Enter the INN: a payout to a firm or a sole trader needs it."),
    "inn_length": _("An INN has twelve digits for a person and ten for a firm. Please check it."),
    "inn_invalid": _("This can't be an INN. It has digits only: twelve for a person, ten for a firm."),
    "inn_checksum": _("There is a slip in the INN. Please compare it with the document, digit by digit."),
    "card_required": _("Enter the card number: the long number on the card."),
    "card_length": _("A card number has 16 to 19 digits. Please check it."),
    "card_invalid": _("This can't be a card number. It has digits only."),
    "card_checksum": _("There is a slip in the card number. Please compare it with the card, digit by digit."),
    "bank_required": _("Choose the bank that should get the money."),
    "bank_unknown": _("Choose a bank from the list."),
}

STAFF_REASON_TEXTS: dict[str, str | Promise] = {
    "account_prefix": _("Not an account of a private person or a sole trader"),
    "account_currency": _("Not a ruble account"),
    "inn_of_firm": _("The INN is a firm's, the account is a person's"),
}
