"""QR codes as SVG."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode


def qr_code(text: str, *, label: str) -> SafeString:
    """Return a QR code in black on white, with a margin, to which the style sheet adds. `label` describes it to screen readers."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=2)
    code.add_data(text)
    rows = code.get_matrix()
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {size} {size}" shape-rendering="crispEdges" role="img" '
        'aria-label="{label}"><rect width="{size}" height="{size}" fill="#fff"/><path d="{path}"/></svg>',
        size=len(rows),
        label=label,
        path="".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark),
    )
