"""Django admin of the desk app: what the portal stores about an e-mail address."""

from partnerportal.desk.address_data.admin import AddressErasureAdmin

__all__ = ["AddressErasureAdmin"]
