from django.db.models import Q, QuerySet

from apps.contacts.models import Contact, phone_index
from apps.contacts.rules import phones
from apps.contacts.rules.names import folded
from apps.core.crypto import blind_index

# What may stand between a phone's digits, as phones.normalise reads them; dashes and spaces of several widths.
PHONE_PUNCTUATION = frozenset("+()[]-./ \u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2015\u2212")


def contacts_matching(text: str) -> "QuerySet[Contact]":
    """Contacts by whole phone, its last four digits, or words of the name in any case."""
    return Contact.objects.filter(matches(text))


def matches(text: str, prefix: str = "") -> Q:
    """A condition on a Contact (or, with `prefix`, on a relation to it) for what a clerk typed in a search box."""
    compact = "".join(ch for ch in text if ch not in PHONE_PUNCTUATION)
    if compact.isascii() and compact.isdigit():
        if len(compact) == 4:
            return Q(**{f"{prefix}phone_tail_index": blind_index("phone-tail", compact)})
        try:
            return Q(**{f"{prefix}phone_index": phone_index(phones.normalise(text))})
        except phones.PhoneInvalid:
            return Q(pk__in=[])
    condition = Q()
    for word in folded(text).split():
        condition &= Q(**{f"{prefix}search__contains": word})
    return condition
