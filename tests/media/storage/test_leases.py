"""One driver at a time writes to a place: another is refused, a dead one gives way, and a lease in use stays young."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from dreampipe.errors import MediaError, StorageError
from dreampipe.media.storage.addresses import Address
from dreampipe.media.storage.leases import LOST, OLD, Lease, check_kept
from dreampipe.media.storage.stores import Store


def leases(place: Address) -> list[str]:
    return [name for name, _ in Store.of(place).list(place) if name.endswith((".lease", ".probe"))]


@pytest.fixture(params=["s3", "memory"])
def place(request: pytest.FixtureRequest) -> Address:
    text = request.getfixturevalue("bucket") if request.param == "s3" else f"memory://m-{uuid4().hex}"
    return Address.parse(f"{text}/dreams")


def test_a_second_driver_is_refused_until_the_first_is_done(place):
    first, second = Lease(place, "first"), Lease(place, "second")
    first.take()
    with pytest.raises(MediaError, match=rf"^{place} is being made by another run: wait for its end,"):
        second.take()
    assert len(leases(place)) == 1
    first.release()
    assert not leases(place)
    second.take()
    first.release()  # once more changes nothing
    assert len(leases(place)) == 1
    second.release()


def test_a_driver_that_starts_again_knows_its_own_lease(place):
    Lease(place, "first").take()  # and is killed
    again = Lease(place, "first")
    again.take()
    again.release()
    assert not leases(place)


def test_a_dead_driver_gives_way_once_its_lease_is_old(bucket):
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    place = Address.parse(f"{bucket}/dreams")
    dead = Lease(place, "dead")
    dead.take()
    kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(place.host, f"dreams/{leases(place)[0]}")
    for age, refused in ((OLD / 2, True), (OLD * 1.5, False)):
        kept.last_modified = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=age)
        new = Lease(place, "new")
        if refused:
            with pytest.raises(MediaError, match="another run"):
                new.take()
        else:
            new.take()
    dead.release()  # it is not its own any more
    assert len(leases(place)) == 1
    new.release()
    assert not leases(place)


def test_a_driver_that_lost_its_lease_is_told(place, tmp_path):
    first = Lease(place, "first", 0.01, tmp_path / LOST)
    check_kept(tmp_path)
    first.take()
    lease = place.below(leases(place)[0])
    until = time.monotonic() + 600
    while not (tmp_path / LOST).exists():  # a sign of life that was under way replaces the other's lease
        assert time.monotonic() < until, "The driver has not learned that another one took its lease over."
        Store.of(place).put_bytes(b'{"driver": "second"}', lease)
    with pytest.raises(StorageError, match=rf"^{place} was taken over by another run, .* start again\.$"):
        check_kept(tmp_path)
    first.release()
    assert Store.of(place).read(lease) == b'{"driver": "second"}'
    Store.of(place).remove(lease)


def test_of_two_that_take_over_one_is_refused(bucket, server):
    """While the first judges the dead driver's lease, the second takes it over: the first leaves that alone."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    place = Address.parse(f"{bucket}/dreams")
    Lease(place, "dead").take()
    name, second = leases(place)[0], Lease(place, "second")
    kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(place.host, f"dreams/{name}")
    kept.last_modified = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=OLD * 1.5)

    def take(method: str, path: str) -> None:
        if method == "DELETE" and path.endswith(".probe"):  # its age was asked for
            server.watch = lambda method, path: None
            thread = threading.Thread(target=second.take)
            thread.start()
            thread.join()

    server.watch = take
    with pytest.raises(MediaError, match="is being made by another run"):
        Lease(place, "first").take()
    assert Store.of(place).read(place.below(name)) == b'{"driver": "second"}'
    second.release()


def test_a_lease_that_is_held_is_put_again(bucket, server):
    place, again = Address.parse(f"{bucket}/dreams"), threading.Event()
    lease = Lease(place, "first", beat=0.01)
    lease.take()
    server.watch = lambda method, path: again.set() if method == "PUT" and path.endswith(".lease") else None
    assert again.wait(600)
    lease.release()
    assert not leases(place)
