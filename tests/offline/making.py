"""License files as the service makes them, written without the package's help."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

from licensespring_async import ApiKey

from ..unit import bodies
from ..unit.keys import Signer

AUTH = ApiKey(api_key="api-key-0001", shared_key="shared-key-0002")
DEVICE = "Device-0003"
KEY = "Q7XA-90PL-44MN-ZZ01"
DATE = "Fri Jul 4 2025 10:56:13 GMT+0000"

Json = dict[str, object]


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def keyed(secret: str, text: str) -> str:
    return b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def offline_signature(key: str = KEY, device: str = DEVICE, date: str = DATE) -> str:
    text = f"licenseSpring\ndate: {date}\n{key}\n{device}\n{AUTH.api_key}"
    return keyed(AUTH.shared_key, text)


def license_fields(signer: Signer, **changes: object) -> Json:
    """The fields of an offline answer, without the signature of its content."""
    fields = bodies.license(
        **{
            "hardware_id": DEVICE,
            "date": DATE,
            "request_id": "7c0f",
            "metadata": {"owner": "Zoë", "ratio": 1.50},
            **changes,
        }
    )
    v1 = f"{fields['hardware_id']}#{fields['license_key']}#{fields['validity_period']}".lower()
    return {
        **fields,
        "license_signature": signer.sign(v1.encode()),
        "offline_signature": offline_signature(str(fields["license_key"]), str(fields["hardware_id"])),
        **{name: changes[name] for name in ("license_signature", "offline_signature") if name in changes},
    }


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def license_file(signer: Signer, **changes: object) -> str:
    """A `.lic` file: its content is signed without both signatures."""
    fields = license_fields(signer, **changes)
    content = {name: value for name, value in fields.items() if name != "license_signature"}
    return encoded(compact({**fields, "license_signature_v2": signer.sign(compact(content).encode())}))


def refresh_file(signer: Signer, **changes: object) -> str:
    """A refresh file: its content is signed with the v1 signature in it."""
    fields = license_fields(signer, **changes)
    return encoded(compact({**fields, "license_signature_v2": signer.sign(compact(fields).encode())}))
