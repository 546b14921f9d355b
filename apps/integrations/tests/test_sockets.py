"""Which addresses may be connected to."""

import ipaddress
import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.integrations.errors import Rejected, Unavailable
from apps.integrations.http import HttpClient, in_our_network
from apps.integrations.sockets import is_reachable

GLOBAL = ["93.184.216.34", "8.8.8.8", "2606:4700::1111"]
OWN = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "192.168.0.1", "172.16.0.1", "::1", "fd00::1"]
NEVER = [
    "0.0.0.0",
    "::",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "224.0.0.1",
    "224.0.1.1",
    "ff02::1",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fec0::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", GLOBAL)
def test_a_global_address_is_reachable(address):
    assert is_reachable(address, allow_private=False)
    assert is_reachable(address, allow_private=True)


@pytest.mark.parametrize("address", OWN)
def test_our_own_networks_need_leave(address):
    assert not is_reachable(address, allow_private=False)
    assert is_reachable(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_refused_even_with_leave(address):
    assert not is_reachable(address, allow_private=False)
    assert not is_reachable(address, allow_private=True)


def test_the_shared_space_of_carriers_is_not_global():
    assert not is_reachable("100.64.0.1", allow_private=False)


@given(st.ip_addresses())
def test_nothing_but_a_global_unicast_address_is_reachable_without_leave(ip):
    if is_reachable(str(ip), allow_private=False):
        assert ip.is_global
        assert not ip.is_multicast
        assert ip not in ipaddress.ip_network("100.64.0.0/10" if ip.version == 4 else "64:ff9b::/96")


@given(st.text(max_size=60))
def test_no_text_breaks_the_guard(text):
    assert is_reachable(text, allow_private=True) in (True, False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"],
)
def test_every_spelling_of_this_machine_is_refused(host, raw_server):
    reached = []
    port = raw_server(lambda connection: reached.append(connection.recv(10))).rpartition(":")[2]
    client = HttpClient(name="test", base_url=f"http://{host}:{port}")

    with pytest.raises((Rejected, Unavailable)) as caught:
        client.call("POST", "/x")

    assert caught.value.code in ("address_refused", "dns_failed")
    assert reached == []


def test_one_bad_address_of_a_name_is_enough_to_refuse_it(monkeypatch):
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)

    with pytest.raises(Rejected) as caught:
        HttpClient(name="test", base_url="http://two-faced.example.com").call("GET", "/x")

    assert caught.value.code == "address_refused"


def test_leave_is_for_the_configured_host_alone(httpserver):
    httpserver.expect_request("/x").respond_with_data("ok")
    open_client = HttpClient(name="test", base_url=httpserver.url_for(""), allow_private=True)

    assert open_client.call("GET", "/x").status == 200
    with pytest.raises(Rejected):
        HttpClient(name="test", base_url=httpserver.url_for("")).call("GET", "/x")


def test_an_unknown_name_is_unavailable():
    with pytest.raises(Unavailable) as caught:
        HttpClient(name="test", base_url="http://no-such-host.invalid", deadline=3).call("POST", "/x")

    assert caught.value.code == "dns_failed"


def test_a_resolver_that_hangs_does_not_outlast_the_connect_timeout(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: release.wait(5) and [])
    started = time.monotonic()

    with pytest.raises(Unavailable):
        HttpClient(name="test", base_url="http://slow.example.com", connect=0.2).call("POST", "/x")

    release.set()
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://n8n.internal.example.com/webhook/x", True),
        ("http://N8N.internal.example.com:5678", True),
        ("https://internal.example.com", False),
        ("https://n8n.internal.example.com.evil.example", False),
    ],
)
def test_only_hosts_that_the_settings_name_may_stand_in_our_own_network(settings, url, may):
    settings.SANDBOX_URL, settings.PRIVATE_HOSTS = "", ["n8n.internal.example.com"]

    assert in_our_network(url) is may


def test_a_host_of_our_own_network_answers_where_the_settings_name_it(settings, httpserver):
    httpserver.expect_request("/x").respond_with_data("here")
    url = httpserver.url_for("")

    settings.PRIVATE_HOSTS = []
    with pytest.raises(Rejected) as refused:
        HttpClient(name="n8n", base_url=url, allow_private=in_our_network(url)).call("GET", "/x")
    settings.PRIVATE_HOSTS = ["localhost"]

    assert refused.value.code == "address_refused"
    assert HttpClient(name="n8n", base_url=url, allow_private=in_our_network(url)).call("GET", "/x").text == "here"
