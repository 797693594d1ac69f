"""The headers of every answer: what a browser may do with a page of ours, and what it may keep."""

from typing import Final

from aiohttp import web

_MAY_STYLE_INLINE: Final = web.ResponseKey("inline_styles", bool)
_IS_FOREIGN: Final = web.ResponseKey("foreign", bool)

_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
# No script makes elements out of text, so none is made out of what people wrote.
_OF_MOST_PAGES: Final = ("style-src 'self'", "require-trusted-types-for 'script'")
# xterm.js writes the colors and the size of its cells into style elements.
_OF_TERMINAL: Final = ("style-src 'self' 'unsafe-inline'",)

_UNUSED_FEATURES: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media",
    "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi",
    "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip

_OF_FOREIGN_FILES: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""No script, no form, and not our origin, should a browser ever show such a file."""

FIXED_HEADERS: Final = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    # Otherwise aiohttp names itself and Python, each with its version.
    "Server": "survey",
}


def allow_inline_styles(response: web.StreamResponse) -> None:
    """Let this page have style elements and attributes. Only the page of the terminal needs it."""
    response[_MAY_STYLE_INLINE] = True


def mark_foreign(response: web.StreamResponse) -> None:
    """Note that this file has texts of others, such as answers. It's none of our pages."""
    response[_IS_FOREIGN] = True


def make_policy(*, inline_styles: bool) -> str:
    """Build the Content-Security-Policy of a page."""
    if inline_styles:
        return "; ".join((*_POLICY, *_OF_TERMINAL))
    return "; ".join((*_POLICY, *_OF_MOST_PAGES))


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers to an answer that is about to be sent.

    Whoever sends a file that never changes under its address has set `Cache-Control`. All else may
    contain what one person may see, and isn't kept.
    """
    response.headers.update(FIXED_HEADERS)
    policy = make_policy(inline_styles=response.get(_MAY_STYLE_INLINE, False))
    if response.get(_IS_FOREIGN, False):
        policy = _OF_FOREIGN_FILES
    response.headers["Content-Security-Policy"] = policy
    response.headers.setdefault("Cache-Control", "no-store")
