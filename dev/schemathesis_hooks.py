"""Gives each request that schemathesis makes an Idempotency-Key of its own.

Otherwise the keys that it likes best come again and again: with another body they are refused with 409, and with the same one they get the
remembered answer, which may speak of a person who was erased since. What the keys promise has tests of its own.
"""

import re
import uuid

import schemathesis

NAME = "Idempotency-Key"
VALID = re.compile(r"[!-~]{1,255}")


def with_fresh_key(request):
    value = request.headers.get(NAME)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if value is not None and VALID.fullmatch(value):
        request.headers[NAME] = value[:223] + uuid.uuid4().hex
    return request


@schemathesis.hook
def before_call(context, case, kwargs):
    # On the way out: a changed case would be judged anew, and no longer as the one that it was made to be.
    kwargs.setdefault("auth", with_fresh_key)
