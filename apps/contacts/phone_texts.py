"""What a person reads for each code of `rules/phones.py`; the catalogues of locale/ translate it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PHONE_TEXTS: dict[str, str | Promise] = {
    "phone_invalid": _(
        "Please check the number: a Russian one has ten digits after +7, a Ukrainian one nine after +380."
    ),
    "phone_not_mobile": _("We send the code by SMS, so we need a mobile number."),
    "country_not_served": _("We can send codes only to mobile numbers of Russia and Ukraine."),
}
