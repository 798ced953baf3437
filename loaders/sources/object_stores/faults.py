"""Classifies the errors of object stores: whose fault they are, and whether they are transient."""

import re
from dataclasses import dataclass
from enum import Enum, auto


class Trouble(Enum):
    """The class of an error of a store."""

    GONE = auto()
    CHANGED = auto()
    BEYOND_END = auto()
    FORBIDDEN = auto()
    OWN = auto()
    NO_CONTAINER = auto()
    CREDENTIALS = auto()
    BUSY = auto()
    LOST = auto()


@dataclass(frozen=True)
class Fault:
    """A store's error. words are our own, a status or an identifier, never the store's text."""

    trouble: Trouble
    words: str


class StoreFault(Exception):
    """A fault that retries did not, or would not, cure."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


_BY_CODE = {
    Trouble.NO_CONTAINER: (
        "NoSuchBucket InvalidBucketName ContainerNotFound ContainerBeingDeleted ContainerDisabled"
        " InvalidResourceName"
    ),
    Trouble.CREDENTIALS: (
        "InvalidAccessKeyId SignatureDoesNotMatch ExpiredToken InvalidToken TokenRefreshRequired"
        " RequestTimeTooSkewed AuthorizationHeaderMalformed AccountProblem AllAccessDisabled"
        " AuthenticationFailed InvalidAuthenticationInfo NoAuthenticationInformation"
        " AuthorizationFailure AuthorizationProtocolMismatch AuthorizationServiceMismatch"
        " AuthorizationResourceTypeMismatch AuthorizationSourceIPMismatch AccountIsDisabled"
        " InsufficientAccountPermissions PublicAccessNotPermitted PermanentRedirect"
    ),
    Trouble.OWN: "BlobArchived BlobBeingRehydrated InvalidObjectState",
    Trouble.BUSY: "SlowDown ServerBusy Throttling ThrottlingException RequestLimitExceeded",
    Trouble.LOST: "RequestTimeout OperationTimedOut InternalError",
}
_TROUBLE_OF_CODE = {code: trouble for trouble, codes in _BY_CODE.items() for code in codes.split()}
_TROUBLE_OF_STATUS = {
    401: Trouble.CREDENTIALS,
    403: Trouble.FORBIDDEN,
    404: Trouble.GONE,
    408: Trouble.LOST,
    412: Trouble.CHANGED,
    416: Trouble.BEYOND_END,
    429: Trouble.BUSY,
    503: Trouble.BUSY,
}


def fault_of_answer(status: int, code: object) -> Fault:
    """Interpret an answer with this status and error code."""
    text = str(getattr(code, "value", code) or "")
    # A code is an identifier; anything else may quote the request and its signature.
    name = text if re.fullmatch(r"[A-Za-z][A-Za-z.]{0,60}", text) else ""
    trouble = _TROUBLE_OF_CODE.get(name) or _TROUBLE_OF_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.LOST if status >= 500 else Trouble.OWN
    return Fault(trouble, f"{status} {name}".strip())


def behind(error: BaseException) -> list[BaseException]:
    """Return an error with its causes and contexts."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in seen:
        seen.append(found)
        found = found.__cause__ or found.__context__
    return seen


def fault_of_connection(error: BaseException) -> Fault:
    """Interpret an error that came instead of an answer."""
    names = " ".join(type(one).__name__ for one in behind(error))
    for pattern, words in (
        ("Timeout", "no answer in time"),
        ("DNS|gaierror", "its name is not known"),
        ("Certificate|SSL", "no secure connection"),
        ("Refused|ConnectorError|EndpointConnection", "connection refused"),
    ):
        if re.search(pattern, names):
            return Fault(Trouble.LOST, words)
    return Fault(Trouble.LOST, "connection lost")
