"""Registration of what the audit log says about an address."""

from partnerportal.accounts.address_data import ADDRESS_DATA
from partnerportal.audit.address_data import SECTIONS

ADDRESS_DATA.extend(SECTIONS)
