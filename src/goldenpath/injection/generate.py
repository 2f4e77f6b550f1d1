"""Makes a value that nobody has seen, as the key's generator and format ask for. Draws only from the entropy port, without bias."""

from __future__ import annotations

import base64
import string
import uuid
from collections.abc import Callable
from typing import Final

from goldenpath.errors import InvalidIntent
from goldenpath.injection.formats import fits_format
from goldenpath.injection.masks import is_mask_or_placeholder
from goldenpath.model.request import Alphabet, Generator, KeyFormat, KeySpec
from goldenpath.model.secret import SecretValue
from goldenpath.ports.clock import Entropy

ALPHABETS: Final[dict[Alphabet, str]] = {
    "alphanumeric": string.ascii_letters + string.digits,
    "letters": string.ascii_letters,
    "digits": string.digits,
    "hex": "0123456789abcdef",
    "base64url": string.ascii_letters + string.digits + "-_",
    "printable": string.ascii_letters + string.digits + "!#%&()*+,-./:;<=>?@[]^_{|}~",
}
"""``printable`` leaves out blanks, quotes, backslash, backtick and dollar: they change meaning on the way through shells and files."""

_DRAWS: Final = 10
_BYTES_PER_GROUP: Final = 3
_CHARACTERS_PER_GROUP: Final = 4


def generate_value(key: KeySpec, entropy: Entropy) -> SecretValue:
    """Return a fresh value for ``key`` that passes its own format check.

    ``length`` counts characters before the prefix; base64 is rounded up to whole groups of four, a UUID has its own length.

    Raises:
        InvalidIntent: ``value.not-generatable`` for a format that chance cannot make (url, json, pem, email, hostname),
            or a prefix that does not fit the format.
    """
    generator = key.generator or Generator()
    make = _MAKERS.get(key.format)
    if make is None:
        raise _not_generatable(key, f"a value of format {key.format} cannot be generated")
    for _ in range(_DRAWS):
        text = generator.prefix + make(generator, entropy)
        if fits_format(text, key.format) and not is_mask_or_placeholder(text):
            return SecretValue(text.encode("utf-8"))
    raise _not_generatable(key, f"the generator's prefix does not fit the format {key.format}, or makes every value a placeholder")


def _text(generator: Generator, entropy: Entropy) -> str:
    return _draw(ALPHABETS[generator.alphabet], generator.length, entropy)


def _hex(generator: Generator, entropy: Entropy) -> str:
    return _draw(ALPHABETS["hex"], generator.length, entropy)


def _integer(generator: Generator, entropy: Entropy) -> str:
    first = "" if generator.prefix else _draw(string.digits[1:], 1, entropy)
    return first + _draw(string.digits, generator.length - len(first), entropy)


def _base64(generator: Generator, entropy: Entropy) -> str:
    groups = -(-generator.length // _CHARACTERS_PER_GROUP)
    raw = entropy.token_bytes(groups * _BYTES_PER_GROUP)
    encode = base64.urlsafe_b64encode if generator.alphabet == "base64url" else base64.b64encode
    return encode(raw).decode("ascii")


def _uuid(_generator: Generator, entropy: Entropy) -> str:
    return str(uuid.UUID(bytes=entropy.token_bytes(16), version=4))


def _draw(alphabet: str, count: int, entropy: Entropy) -> str:
    return "".join(alphabet[entropy.below(len(alphabet))] for _ in range(count))


def _not_generatable(key: KeySpec, message: str) -> InvalidIntent:
    return InvalidIntent(
        "value.not-generatable",
        message,
        subject=key.name,
        hint="bring the value from stdin, a file or a prompt, or change the key's format or generator",
    )


_MAKERS: Final[dict[KeyFormat, Callable[[Generator, Entropy], str]]] = {
    "text": _text,
    "hex": _hex,
    "integer": _integer,
    "base64": _base64,
    "uuid": _uuid,
}
