"""A header on each attempt that proves that the request comes from the device whose key was enrolled."""

from __future__ import annotations

import anyio.to_thread

from ..errors import ConfigurationError
from .policies.deadline import Deadline
from .values import Tpm

_HEADER = "licensespring-tpm-signature"


async def proof(tpm: Tpm, message: str, deadline: Deadline) -> dict[str, str]:
    """Return the header that proves the device's key.

    Args:
        tpm: The caller's object that signs.
        message: The text to sign.
        deadline: The call's deadline.

    Raises:
        ConfigurationError: Signing failed, or the signature does not fit into a header.
        DeadlineExceeded: Signing took longer than the call may; nothing was sent.
    """
    with deadline.limit("waiting for the TPM's signature"):
        signature = await anyio.to_thread.run_sync(_signature, tpm, message, abandon_on_cancel=True)
        return {_HEADER: f'algorithm="ES256",signature="{signature}"'}
    raise AssertionError("unreachable")  # pragma: no cover


def _signature(tpm: Tpm, message: str) -> str:
    try:
        signature: object = tpm.sign(message)
    except Exception as error:
        raise ConfigurationError(f"tpm: sign() failed with {type(error).__name__}") from error
    if not isinstance(signature, str) or not signature.isascii() or not signature.isprintable() or '"' in signature:
        raise ConfigurationError("tpm: sign() must return the signature as printable ASCII text")
    return signature
