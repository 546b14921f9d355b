"""A lock by name, between threads, processes and, on PostgreSQL, machines."""

import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction

from apps.core.mutex import MutexTaken, mutex

pytestmark = pytest.mark.django_db(transaction=True)


def hold_until_killed(name: str, held) -> None:
    connection.close()
    with mutex(name, wait=5):
        held.set()
        time.sleep(60)


def test_only_one_holds_it_at_a_time():
    inside, most, guard = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with mutex("door", wait=10):
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))

    assert most == 1


def test_another_name_is_another_lock():
    with mutex("front door", wait=1), mutex("back door", wait=0.1):
        pass


def test_waiting_ends_with_a_sentence_that_names_the_lock():
    started = time.monotonic()

    with mutex("door", wait=1), pytest.raises(MutexTaken) as caught, mutex("door", wait=0.2):
        pass

    assert str(caught.value) == "door was still taken after 0.2 s"

    assert 0.15 < time.monotonic() - started < 5


def test_it_is_free_again_after_the_block_and_after_an_error():
    with pytest.raises(LookupError), mutex("door", wait=1):
        raise LookupError

    with mutex("door", wait=0.1):
        pass


def test_it_is_held_while_a_transaction_of_ours_comes_to_nothing():
    with mutex("door", wait=1):
        with transaction.atomic():
            transaction.set_rollback(True)

        with pytest.raises(MutexTaken), mutex("door", wait=0.1):
            pass


def test_a_killed_holder_lets_it_go():
    fork = multiprocessing.get_context("fork")
    held = fork.Event()
    holder = fork.Process(target=hold_until_killed, args=("door", held), daemon=True)
    holder.start()
    assert held.wait(10)
    with pytest.raises(MutexTaken), mutex("door", wait=0.1):
        pass

    holder.kill()

    with mutex("door", wait=5):
        holder.join()


@pytest.mark.postgres
def test_a_database_that_is_away_says_so(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("a file lock needs no database")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    with pytest.raises(OperationalError), mutex("door", wait=1):
        pass
