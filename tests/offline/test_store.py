"""A stored license is what the service signed, for this device and product, and nothing else is believed."""

from __future__ import annotations

import hashlib
import hmac
import json
import stat
import sys
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from licensespring_async import (
    AnswerMismatch,
    ConfigurationError,
    License,
    LicenseNotEnoughConsumptions,
    LicenseSpring,
    ResponseError,
    SignatureError,
)
from licensespring_async.models.shapes import One
from licensespring_async.offline import (
    AirGap,
    AirGapConfirmation,
    ClockTurnedBack,
    Doubt,
    LicenseStore,
    LicenseStoreError,
    NothingStored,
    StoreDamaged,
    StoreTooNew,
    StoreUnusable,
    Uses,
)
from licensespring_async.offline.record import Kind, Record, decoded, encoded
from licensespring_async.offline.verifying import Trust
from licensespring_async.transport import RawResponse

from ..fakes import KEY, ScriptedEngine, answer, http_date
from ..unit import bodies
from ..unit.fakes import VirtualTime
from ..unit.keys import Signer
from .making import AUTH, DEVICE, compact, license_fields, license_file, offline_signature, refresh_file

SIGNER = Signer()
VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
SECRET = b"sixteen bytes or more"
NOW = VirtualTime().now
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")


def body_of(**changes: object) -> bytes:
    """The body of an answer, with a v1 signature for this device."""
    fields = bodies.license(**changes)
    v1 = f"{DEVICE}#{fields['license_key']}#{fields['validity_period']}".lower()
    return bodies.encoded({**fields, "license_signature": SIGNER.sign(v1.encode()), **changes})


def checked(*, at: float | None = None, verified: bool = True, **changes: object) -> RawResponse[License]:
    """A verified answer to a check."""
    body = body_of(**changes)
    headers = SIGNER.headers(body) | ({} if at is None else {"date": http_date(at)})
    value = One(License).read(body, is_verified=True)
    return RawResponse(value=value, status=200, headers=headers, body=body, attempts=1, elapsed=0.1, verified=verified)


def load(store: LicenseStore, *, hardware_id: str = DEVICE, product: str = "APP", auth: bool = True) -> License:
    given = AUTH if auth else None
    return store.load(hardware_id=hardware_id, product=product, auth=given, public_key=SIGNER.public_key)


def resealed(raw: bytes, secret: bytes = b"") -> bytes:
    """A record with another seal, written without the package's help."""
    content = raw[: raw.rindex(b',"seal":"')]
    return content + b',"seal":"' + b64encode(hmac.new(secret, content, hashlib.sha256).digest()) + b'"}\n'


def made(**changes: str) -> bytes:
    """A record without its seal and its end, of members that are JSON."""
    members = {
        "version": "1",
        "kind": '"answer"',
        "body": '"e30="',
        "signature": '""',
        "came_at": "1",
        "newest": "1",
        "kept": "{}",
        "settled": "{}",
        "doubts": "[]",
    }
    return ("{" + ",".join(f'"{name}":{value}' for name, value in (members | changes).items())).encode()


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "license"


@pytest.fixture
def store(path: Path, time: VirtualTime) -> LicenseStore:
    return LicenseStore(path, secret=SECRET, clock=time.clock)


@pytest.mark.anyio
async def test_an_answer_of_a_client_is_kept(store: LicenseStore) -> None:
    """Gives back the license that a client got, equal to it."""
    body = body_of()
    engine = ScriptedEngine([answer(200, body, **SIGNER.headers(body))])
    client = LicenseSpring(auth=KEY, public_key=SIGNER.public_key, engine=engine, clock=VirtualTime().clock)

    given = await client.with_raw_response.check_license(
        product="APP", hardware_id=DEVICE, license_key="Q7XA-90PL-44MN-ZZ01"
    )
    store.save(given)

    assert load(store) == given.value


def test_a_large_answer_is_kept(store: LicenseStore) -> None:
    """Loads any answer that a client believes, however much metadata the vendor put into it."""
    answer = checked(metadata={"notes": "n" * 900_000})
    store.save(answer)

    assert load(store) == answer.value


@pytest.mark.parametrize("make", [license_file, refresh_file])
def test_an_offline_file_is_kept(store: LicenseStore, make: Callable[[Signer], str]) -> None:
    """Gives back the license of an offline file or a refresh file, which need the credentials."""
    store.save(f"\ufeff {make(SIGNER)}\r\n")

    assert load(store).hardware_id == DEVICE
    with pytest.raises(ConfigurationError, match="auth: is missing"):
        load(store, auth=False)


def test_an_air_gap_confirmation_is_kept(store: LicenseStore, path: Path) -> None:
    """Gives back the license of a confirmation that the company's key still holds for, on this device alone."""
    policy = b64encode(b'{"id":7,"default_license_type":"perpetual","product":"APP"}').decode()
    air_gap = AirGap(VECTORS["public_key"], policies=[policy])
    vector: dict[str, Any] = next(each for each in VECTORS["confirmations"] if each["policy_id"] == 7)
    code = AirGapConfirmation(
        license_key=vector["license_key"], policy_id=7, confirmation_code=vector["confirmation_code"]
    )
    store.save(code)

    assert store.holds_offline()
    assert store.load(hardware_id=vector["hardware_id"], product="APP", air_gap=air_gap).is_air_gapped
    for device, product in (("device-2", "APP"), (vector["hardware_id"], "TOOLS")):
        with pytest.raises(SignatureError):
            store.load(hardware_id=device, product=product, air_gap=air_gap)
    with pytest.raises(ConfigurationError, match="air_gap: is missing"):
        store.load(hardware_id=vector["hardware_id"], product="APP")
    # Another license key, sealed again by someone who knows the secret.
    store.save(attrs.evolve(code, license_key="KEY-0006"))
    with pytest.raises(SignatureError):
        store.load(hardware_id=vector["hardware_id"], product="APP", air_gap=air_gap)


def test_a_new_license_keeps_the_uses(store: LicenseStore, path: Path) -> None:
    """Takes the uses along from license to license, and without one; only clearing drops them."""
    uses = store.uses
    trust = Trust(hardware_id=DEVICE, product="APP", public_key=SIGNER.public_key)
    given: dict[str, Any] = {"license_type": "consumption", "max_consumptions": 5, "total_consumptions": 1}
    with pytest.raises(NothingStored):
        uses.keep(1, None, trust)
    store.save(checked(**given))
    assert uses.keep(2, None, trust) == 2
    doubt = uses.begin(1, "export")
    kept = uses.read()
    assert kept == Uses(kept={"": 2}, doubts=(doubt,))

    store.save(checked(**given))
    assert uses.read() == kept
    store.forget()
    assert uses.read() == kept
    with pytest.raises(NothingStored):
        load(store)
    with pytest.raises(NothingStored):
        uses.keep(1, None, trust)

    sent = uses.begin_kept(None)
    assert sent is not None
    uses.end(sent.id, counted=True)
    uses.end(doubt.id, counted=False)
    assert uses.begin_kept(None) is None
    store.forget()
    assert not path.exists()


def test_uses_that_are_given_back_first_make_good_what_was_used_too_much(store: LicenseStore) -> None:
    """Lets two more be used once five are given back of 13 uses of a license that now allows 10, and not five."""
    trust = Trust(hardware_id=DEVICE, product="APP", public_key=SIGNER.public_key)
    counts: dict[str, Any] = {"max_consumptions": 10, "total_consumptions": 13, "allow_overages": False}
    store.save(checked(license_type="consumption", allow_negative_consumptions=True, **counts))

    assert store.uses.keep(-2, None, trust) == 0
    assert store.uses.keep(-3, None, trust) == 2
    with pytest.raises(LicenseNotEnoughConsumptions, match="2 are left"):
        store.uses.keep(3, None, trust)
    assert store.uses.keep(2, None, trust) == 0


def test_a_store_says_when_and_whence(store: LicenseStore, time: VirtualTime) -> None:
    """Tells an answer, which came when the service says, from a file, which came when it was saved."""
    store.save(checked(at=NOW + 90))
    of_answer = store.recall(Trust(hardware_id=DEVICE, product="APP", public_key=SIGNER.public_key))
    store.save(license_file(SIGNER))
    of_file = store.recall(Trust(hardware_id=DEVICE, product="APP", auth=AUTH, public_key=SIGNER.public_key))

    assert (of_answer.came_at, of_answer.is_offline) == (datetime.fromtimestamp(NOW + 90, UTC), False)
    assert (of_file.came_at, of_file.is_offline) == (datetime.fromtimestamp(NOW, UTC), True)


def test_what_a_refusal_drops(store: LicenseStore) -> None:
    """Drops an answer for the refused key; neither one for another key, nor a file or a confirmation."""
    trust = Trust(hardware_id=DEVICE, product="APP", license_key=str(bodies.license()["license_key"]))
    confirmation = AirGapConfirmation(license_key="K", policy_id=1, confirmation_code="C")
    for each in (license_file(SIGNER), confirmation):
        store.save(each)
        store.forget_answer(trust)
        assert store.holds_offline()

    store.save(checked())
    store.forget_answer(attrs.evolve(trust, license_key="ANOTHER", public_key=SIGNER.public_key))
    assert load(store)
    store.forget_answer(trust)
    with pytest.raises(NothingStored):
        load(store)


def test_a_store_without_a_folder(tmp_path: Path) -> None:
    """Says that the folder is missing, and not that a lock file is, of which its user knows nothing."""
    store = LicenseStore(tmp_path / "nowhere" / "license")

    with pytest.raises(StoreUnusable, match=r"nowhere.license: its folder does not exist; create it first$"):
        store.save(checked())


def test_the_last_one_counts(store: LicenseStore) -> None:
    """Keeps one license: the one that was saved last."""
    store.save(license_file(SIGNER))
    store.save(checked(times_activated=7))

    assert load(store).times_activated == 7


def test_nothing_is_not_damage(store: LicenseStore, path: Path) -> None:
    """Says that nothing is stored, before the first save and after it was cleared, and writes nothing."""
    with pytest.raises(NothingStored, match="no license is stored"):
        load(store)
    assert not path.exists()

    store.save(checked())
    store.clear()
    store.clear()

    with pytest.raises(NothingStored):
        load(store)


@pytest.mark.parametrize("secret", [SECRET, b""])
def test_every_changed_byte_is_refused(secret: bytes) -> None:
    """Refuses a record when any bit of any byte is another, or when it is shorter or longer: as damaged."""
    given = checked()
    record = Record(
        kind=Kind.ANSWER,
        body=given.body,
        signature=given.headers["licensesignature"],
        came_at=int(NOW),
        newest=int(NOW),
        uses=Uses(kept={"": 3}, doubts=(Doubt(id="1", feature="export", consumptions=2, sent_at=int(NOW)),)),
        settled={"export": 4},
    )
    whole = encoded(record, secret)
    places = range(len(whole))
    changed = [whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :] for at in places for bit in range(8)]

    for each in [*changed, *(whole[:length] for length in places), whole + b"\n", whole + whole]:
        with pytest.raises(StoreDamaged):
            decoded(each, secret)
    assert decoded(whole, secret) == record


def test_every_byte_of_the_answer_is_the_services(path: Path, time: VirtualTime) -> None:
    """Refuses a changed answer although it was sealed again by someone, which takes no secret where there is none."""
    store = LicenseStore(path, clock=time.clock)
    given = checked()
    for at in range(len(given.body)):
        body = given.body[:at] + bytes([given.body[at] ^ 1]) + given.body[at + 1 :]
        path.unlink(missing_ok=True)
        store.save(attrs.evolve(given, body=body))
        with pytest.raises(SignatureError):
            load(store)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[",
        b'{"version":1',
        made(came_at="-1"),
        made(newest="999999999999999"),
        made(came_at="true"),
        made(body='"e31="'),
        made(body='"e"'),
        made(body='"/w=="', kind='"file"', signature="null"),
        made(kind='"other"'),
        made(kind='"file"'),
        made(signature="null"),
        made(kept='{"":0}'),
        made(kept="[]"),
        made(settled='{"":true}'),
        made(doubts="{}"),
        made(doubts="[[]]"),
        made(doubts='[["1",null,true,1]]'),
        made(doubts='[["1",5,1,1]]'),
        made(doubts='[["1",null,1,-1]]'),
        made(more="1"),
        made(version='"1"'),
        made().replace(b',"kind"', b', "kind"'),
    ],
)
def test_what_is_no_record_is_damaged(path: Path, content: bytes) -> None:
    """Refuses what only looks like a record, whoever has sealed it."""
    path.write_bytes(resealed(content + b',"seal":"'))

    with pytest.raises(StoreDamaged, match="license: does not contain a license"):
        load(LicenseStore(path))


def test_another_secret_does_not_open_it(store: LicenseStore, path: Path) -> None:
    """Refuses a file that was sealed with another secret, or without one."""
    store.save(checked())
    for other in (b"another secret of mine", None):
        with pytest.raises(StoreDamaged, match="sealed with another secret"):
            load(LicenseStore(path, secret=other))


def test_a_damaged_file_is_not_replaced(store: LicenseStore, path: Path) -> None:
    """Leaves a damaged file as it is until it is cleared, so that no license is lost unseen."""
    path.write_bytes(b"damaged")
    for use in (lambda: load(store), lambda: store.save(checked())):
        with pytest.raises(StoreDamaged, match=r"license: was damaged or changed, .*; clear\(\) deletes it"):
            use()
    assert path.read_bytes() == b"damaged"

    store.clear()
    store.save(checked())

    assert load(store)


def test_a_newer_file_is_told_from_a_damaged_one(store: LicenseStore, path: Path) -> None:
    """Says that a newer version of the package has written the file, and leaves it as it is."""
    store.save(checked())
    newer = resealed(path.read_bytes().replace(b'"version":1', b'"version":2,"more":[]'), SECRET)
    path.write_bytes(newer)

    for use in (lambda: load(store), lambda: store.save(checked())):
        with pytest.raises(StoreTooNew, match="version 2"):
            use()
    assert path.read_bytes() == newer


def test_a_copy_is_worth_nothing_on_another_device(store: LicenseStore) -> None:
    """Refuses the file on another device, for another product and under another key, whatever it holds."""
    for each in (checked(), license_file(SIGNER)):
        store.save(each)
        with pytest.raises(AnswerMismatch):
            load(store, hardware_id="Device-0004")
        with pytest.raises(AnswerMismatch):
            load(store, product="TOOLS")
        with pytest.raises(SignatureError):
            store.load(hardware_id=DEVICE, product="APP", auth=AUTH)


def test_an_answer_that_names_no_device_is_refused(store: LicenseStore) -> None:
    """Does not believe an answer that would hold on every device."""
    store.save(checked(license_signature=None))

    with pytest.raises(AnswerMismatch, match="does not name its device"):
        load(store)


def test_a_users_license_is_kept(store: LicenseStore) -> None:
    """Binds the license of a user by the user's name."""
    v1 = f"{DEVICE}#ana@example.org#2030-01-01T00:00:00.000Z".lower()
    store.save(checked(license_key=None, user={"email": "ana@example.org"}, license_signature=SIGNER.sign(v1.encode())))

    assert load(store).license_key is None


def test_a_users_file_is_no_other_users(store: LicenseStore) -> None:
    """Takes the file of one user for no other, and for no key, if the signature that names the user was cut out of it.

    The signature of a license file's content covers neither itself nor that one, so what is left of the file holds.
    """
    user = {"license_key": None, "user": {"email": "bob@example.org"}}
    fields = license_fields(SIGNER, **user, offline_signature=offline_signature("bob@example.org"))
    del fields["license_signature"]
    signature = SIGNER.sign(compact(fields).encode())
    bob = Trust(hardware_id=DEVICE, product="APP", username="bob@example.org", auth=AUTH, public_key=SIGNER.public_key)
    others = {"username": "ana@example.org"}, {"username": None, "license_key": "bob's key"}

    store.save(b64encode(compact({**fields, "license_signature_v2": signature}).encode()).decode())

    assert store.recall(bob).is_offline
    for other in others:
        with pytest.raises(NothingStored, match="another key or user"):
            store.recall(attrs.evolve(bob, **other))


def test_a_clock_that_was_turned_back_is_refused(store: LicenseStore, time: VirtualTime) -> None:
    """Remembers the newest moment of each load; a clock more than five minutes behind it is refused."""
    store.save(checked())
    time.now += 30 * 86400
    load(store)

    time.now -= 300
    load(store)
    time.now -= 1
    with pytest.raises(ClockTurnedBack, match="301 s behind"):
        load(store)
    store.save(license_file(SIGNER))
    with pytest.raises(ClockTurnedBack):
        load(store)


def test_the_service_sets_the_clock_right(store: LicenseStore, time: VirtualTime) -> None:
    """A clock that was once years ahead locks the store only until the service has answered again."""
    time.now += 10 * 365 * 86400
    store.save(checked())
    time.now = NOW
    with pytest.raises(ClockTurnedBack):
        load(store)

    store.save(checked(at=NOW))

    assert load(store)


def test_a_license_is_judged_by_the_newest_moment(store: LicenseStore, time: VirtualTime) -> None:
    """Finds a license expired that the newest moment is past, whatever the clock of the machine says."""
    store.save(checked(at=NOW))
    assert load(store).is_valid()

    time.now += 4 * 365 * 86400

    assert not load(store).is_valid()


def test_a_load_writes_once_a_minute(store: LicenseStore, time: VirtualTime, path: Path) -> None:
    """Writes the newest moment down when it has moved by a minute, and not for every load."""
    store.save(checked())
    before = path.read_bytes()
    time.now += 59
    load(store)
    assert path.read_bytes() == before

    time.now += 1
    load(store)

    assert path.read_bytes() != before


def test_a_store_that_cannot_be_written_is_read(store: LicenseStore, time: VirtualTime, path: Path) -> None:
    """Gives back a license although the time of the load cannot be written down, as on a full or read-only disk."""
    store.save(license_file(SIGNER))
    lock = path.with_name("license.lock")
    lock.unlink(missing_ok=True)
    lock.mkdir()
    time.now += 4 * 365 * 86400

    assert not load(store).is_valid()
    time.now = NOW - 301
    with pytest.raises(ClockTurnedBack):
        load(store)
    with pytest.raises(StoreUnusable):
        store.see(NOW + 60)


def test_what_is_no_license_is_not_taken(store: LicenseStore, path: Path) -> None:
    """Refuses what cannot hold at the next load, and leaves what is there."""
    store.save(checked())
    for wrong in (checked(verified=False), attrs.evolve(checked(), headers={}), b"bytes", None):
        with pytest.raises(ConfigurationError, match="answer: "):
            store.save(wrong)  # type: ignore[arg-type]  # callers without a type checker exist
    for text in ("", "no file", license_file(SIGNER)[:-4]):
        with pytest.raises(ResponseError):
            store.save(text)

    assert load(store)


@posix
def test_the_files_are_this_users_alone(store: LicenseStore, path: Path) -> None:
    """Keeps the file and its lock from the eyes of others, also when someone has opened them."""
    store.save(checked())
    path.chmod(0o644)
    load(store)

    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}


@posix
@pytest.mark.parametrize("name", ["license", "license.lock"])
def test_links_are_not_followed(store: LicenseStore, path: Path, name: str) -> None:
    """Refuses a link in place of the file or its lock, and leaves what it leads to."""
    target = path.with_name("precious")
    target.write_text("precious")
    path.with_name(name).symlink_to(target)

    with pytest.raises(StoreUnusable, match="is a link"):
        store.save(checked())
    assert target.read_text() == "precious"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Says what cannot be written, and why."""
    store = LicenseStore(tmp_path / "missing" / "license")

    with pytest.raises(StoreUnusable, match="missing/license"):
        store.save(checked())


def test_what_a_killed_writer_left_is_removed(store: LicenseStore, path: Path) -> None:
    """Deletes halves of its own, and no file of another name."""
    mine, others = (
        path.with_name(".license.0123456789abcdef.partial"),
        path.with_name(".licenses.0123456789abcdef.partial"),
    )
    for each in (mine, others):
        each.write_bytes(b"half")

    store.save(checked())

    assert (mine.exists(), others.exists()) == (False, True)


@pytest.mark.parametrize("given", [None, 5, b"license", "", ".", "license\0", Path("a\0b", "license")])
def test_a_store_needs_the_path_of_a_file(given: Any) -> None:
    """Refuses what names no file when it is made, and not at the first save."""
    with pytest.raises(ConfigurationError, match="path: must be the path of a file"):
        LicenseStore(given)


@pytest.mark.parametrize("secret", [b"", "short", 16, bytearray(16)])
def test_a_secret_is_long_enough(path: Path, secret: object) -> None:
    """Refuses what protects nothing."""
    with pytest.raises(ConfigurationError, match="secret: must have at least 16 bytes"):
        LicenseStore(path, secret=secret)  # type: ignore[arg-type]


def test_uses_do_not_show_whose_they_are() -> None:
    """Keeps the hash of a key or user out of the repr: it has no salt, so an e-mail address can be guessed from it."""
    whose = Trust(hardware_id=DEVICE, product="APP", username="ana@example.org").whose

    assert whose not in repr(Uses(kept={"": 1}, whose=whose))


def test_errors_are_of_one_family_and_name_no_secret(store: LicenseStore, path: Path) -> None:
    """Shows neither key nor secret in a repr, and raises errors that one `except` catches."""
    store.save(checked())

    assert repr(store) == f"LicenseStore({str(path)!r})"
    for each in (NothingStored, StoreDamaged, StoreTooNew, StoreUnusable, ClockTurnedBack):
        assert issubclass(each, LicenseStoreError)
