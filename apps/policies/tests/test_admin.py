import pytest
from django.contrib.auth.models import Group
from django.test import Client

from apps.accounts.models import User
from apps.accounts.roles import write_permissions
from apps.policies.models import Policy, PolicyProduct
from apps.policies.tests.factories import PolicyFactory, PolicyProductFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/policies/policy/"


@pytest.fixture
def senior():
    write_permissions()
    user = User.objects.create(username="senior", is_staff=True)
    user.groups.add(Group.objects.get(name="Senior handler"))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("text", ["TR-0001234", "tr-00012", "соколова", "СОКОЛОВА мария"])
def test_policies_are_found_by_number_and_holder(senior, text):
    PolicyFactory(number="TR-0001234", holder_name="Мария Соколова")
    PolicyFactory(number="XX-9", holder_name="Анна Лебедева")

    html = senior.get(LIST, {"q": text}).content.decode()

    assert "TR-0001234" in html
    assert "XX-9" not in html


def test_persons_and_sums_are_edited_as_lines(senior):
    policy = PolicyFactory()
    page = f"{LIST}{policy.pk}/change/"
    data = {
        "number": policy.number, "product": policy.product_id, "holder_name": "Мария Соколова",
        "valid_from": "01.11.2026", "valid_until": "30.11.2026", "territory": "Весь мир",
        "insured": "Мария Соколова | 1988-05-04\nПётр Соколов | 2015-01-02", "sums": "Багаж | 1000.00 | EUR",
    }  # fmt: skip

    assert senior.post(page, {**data, "insured": "Мария"}).status_code == 200
    assert senior.post(page, data).status_code == 302

    policy = Policy.objects.get()
    assert [one["name"] for one in policy.insured] == ["Мария Соколова", "Пётр Соколов"]
    assert policy.sums == [{"risk": "Багаж", "amount": "1000.00", "currency": "EUR"}]


@pytest.mark.parametrize(("pattern", "example"), [("TR-\\d{7", "TR-0000001"), ("TR-\\d{7}", "TR-1")])
def test_a_products_pattern_fits_its_example(senior, pattern, example):
    product = PolicyProductFactory()
    data = {"code": "travel", "insurer": "Пример", "name_ru": "П", "name_uk": "П", "name_en": "T",
            "number_pattern": pattern, "number_example": example}  # fmt: skip

    response = senior.post(f"/admin/policies/policyproduct/{product.pk}/change/", data)

    assert response.status_code == 200
    assert PolicyProduct.objects.get().number_pattern == product.number_pattern
