from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from apps.core.models import AuditEntry, Quota

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
SECRET = "a long enough secret"


@pytest.fixture
def clerk():
    return get_user_model().objects.create_user("clerk", password=SECRET, is_staff=True, language="uk")


def login(password, username="clerk", **headers):
    client = Client(**headers)
    return client.post(LOGIN, {"username": username, "password": password, "next": "/admin/"})


def test_login_opens_the_desk_and_is_written_down(clerk):
    assert login(SECRET).status_code == 302
    assert AuditEntry.objects.get(action="staff.login").actor_id == clerk.pk


def test_the_sixth_try_is_refused_even_with_the_right_password(clerk):
    for _n in range(5):
        assert login("wrong").status_code == 200

    locked = login(SECRET)

    assert locked.status_code == 200
    assert "15" in locked.content.decode()
    assert not AuditEntry.objects.filter(action="staff.login").exists()


def test_an_unknown_name_is_answered_alike(clerk):
    def answer(username):
        html = login("wrong", username).content.decode()
        return html[html.index("errornote") : html.index("</p>", html.index("errornote"))]

    assert answer("clerk") == answer("nobody")
    for name in ("clerk", "nobody"):
        for _n in range(5):
            login("wrong", name)
    assert answer("clerk") == answer("nobody")


def test_others_are_not_locked_out(clerk):
    get_user_model().objects.create_user("second", password=SECRET, is_staff=True)
    for _n in range(6):
        login("wrong")

    assert login(SECRET, "second").status_code == 302
    assert login(SECRET, REMOTE_ADDR="192.0.2.9").status_code == 302


def test_a_name_is_not_guessed_from_many_addresses(clerk):
    for n in range(20):
        login("wrong", "CLERK", REMOTE_ADDR=f"192.0.2.{n}")

    locked = login(SECRET, REMOTE_ADDR="192.0.2.99")

    assert locked.status_code == 200
    assert "60" in locked.content.decode()
    assert not AuditEntry.objects.filter(action="staff.login").exists()


def test_an_address_does_not_guess_many_names(clerk):
    for n in range(30):
        login("wrong", f"name{n}", REMOTE_ADDR="192.0.2.1")

    assert login(SECRET, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert login(SECRET, REMOTE_ADDR="192.0.2.2").status_code == 302


def test_logins_of_a_whole_office_lock_nobody_out(clerk):
    assert [login(SECRET).status_code for _n in range(32)] == [302] * 32


def test_a_success_does_not_forget_the_tries_from_elsewhere(clerk):
    for n in range(19):
        login("wrong", REMOTE_ADDR=f"192.0.2.{n}")
    assert login(SECRET).status_code == 302

    login("wrong", REMOTE_ADDR="192.0.2.98")
    assert login(SECRET, REMOTE_ADDR="192.0.2.99").status_code == 200


def test_spelling_of_the_name_gives_no_new_tries(clerk):
    for name in ("clerk", "CLERK", "Clerk", "cLERK", "clerK"):
        login("wrong", name)

    assert login(SECRET).status_code == 200


def test_success_clears_the_tries_and_time_does(clerk):
    for _n in range(4):
        login("wrong")
    assert login(SECRET).status_code == 302
    for _n in range(5):
        login("wrong")
    assert login(SECRET).status_code == 200

    Quota.objects.update(started_at=timezone.now() - timedelta(minutes=16))
    assert login(SECRET).status_code == 302


def test_the_desk_speaks_the_users_language_in_their_time(clerk):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(clerk)

    response = client.get("/admin/")

    assert '<html lang="uk"' in response.content.decode()
    assert response["Content-Language"] == "uk"


@pytest.mark.parametrize("page", [LOGIN, "/admin/"])
def test_pages_need_nothing_inline_or_foreign(clerk, page):
    client = Client()
    if page != LOGIN:
        client.force_login(clerk)

    response = client.get(page)
    html = response.content.decode()

    assert "unsafe" not in response["Content-Security-Policy"]
    assert " style=" not in html
    assert "<style" not in html
    assert "onclick" not in html
    assert "https://" not in html.replace("http://www.w3.org", "")
