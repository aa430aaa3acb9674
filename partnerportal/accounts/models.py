"""The user model, with the e-mail address as the user name."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerportal.core.fields import AddressField
from partnerportal.core.validators import validate_one_line, validate_time_zone

#: Domain of the addresses of closed accounts, which no e-mail can reach (RFC 2606).
CLOSED_DOMAIN = "closed.invalid"


class UserManager(BaseUserManager["User"]):
    """Manager that stores addresses in lower case, so that each person has one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a portal administrator. The address is verified, because e-mail may not work yet."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        user.emailaddress_set.create(email=user.email, verified=True, primary=True)  # type: ignore[attr-defined]
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """An account of agency staff (with memberships), a client or an administrator (`is_staff`)."""

    email = AddressField(_("E-mail"), unique=True)
    full_name = models.CharField(_("Name"), max_length=150, blank=True, validators=[validate_one_line])
    #: Language of pages and e-mails. By default, the browser's for pages and the agency's for e-mails.
    language = models.CharField(_("Language"), max_length=5, choices=settings.LANGUAGES, blank=True)
    #: The agency's time zone if empty.
    time_zone = models.CharField(_("Time zone"), max_length=64, blank=True, validators=[validate_time_zone])
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("admin"), default=False, help_text=_("Can sign in to the admin area."))
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(
                condition=~models.Q(email__endswith=f"@{CLOSED_DOMAIN}")
                | models.Q(is_active=False, is_staff=False, full_name="", language="", time_zone=""),
                name="user_closed_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return gettext("Closed account") if self.is_closed else self.full_name or self.email

    @property
    def is_closed(self) -> bool:
        """Whether the person has closed the account. It stays without personal data, because other rows refer to it."""
        return str(self.email).endswith(f"@{CLOSED_DOMAIN}")

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        """Return the first word of the name for greetings, or the address."""
        return self.full_name.split()[0] if self.full_name.split() else self.email
