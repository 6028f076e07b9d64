"""The proof that a request comes from the device whose key was enrolled: one more header for each attempt."""

from __future__ import annotations

import anyio.to_thread

from ..errors import ConfigurationError
from .policies.deadline import Deadline
from .values import Tpm

_HEADER = "licensespring-tpm-signature"


async def proof(tpm: Tpm, message: str, deadline: Deadline) -> dict[str, str]:
    """Return the header that proves the device's key.

    Args:
        tpm: Signs; it is the caller's code.
        message: The bytes to sign.
        deadline: Of the call.

    Raises:
        ConfigurationError: The signature failed, or is not one that a header can carry.
        DeadlineExceeded: It took longer than the call has time; nothing was sent.
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
