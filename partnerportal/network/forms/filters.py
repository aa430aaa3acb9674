"""Filters of the directory and of the reviews on a profile."""

from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from partnerportal.core.db_functions import FoldText
from partnerportal.core.filters import ListFilter
from partnerportal.core.pagination import capped_count
from partnerportal.network.models import PartnerProfile, PartnerProfileQuerySet, Service, SpokenLanguage, name_column


class DirectoryFilter(ListFilter):
    """Search, filters and sort order of the directory."""

    RATINGS = (("", _("Any")), ("4.5", _("4.5 stars and up")), ("4", _("4 stars and up")), ("3", _("3 stars and up")))
    SORTS = (("", _("Best match")), ("rating", _("Rating")), ("name", _("Name")))

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Service, city or agency name")}),
    )
    service = forms.ChoiceField(label=_("Service"), required=False)
    place = forms.CharField(label=_("City"), required=False, max_length=120, widget=forms.TextInput(attrs={"placeholder": _("Any city")}))
    language = forms.ChoiceField(label=_("Language"), required=False)
    rating = forms.ChoiceField(label=_("Rating"), choices=RATINGS, required=False)
    open = forms.BooleanField(
        label=_("Accepting new clients"), required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    sort = forms.ChoiceField(label=_("Sort by"), choices=SORTS, required=False)

    def __init__(self, data: QueryDict, *, lists: int) -> None:
        """`lists` is the version of the services and languages, or 0 if it is unknown."""
        self._lists = lists
        super().__init__(data)

    def __repr__(self) -> str:
        """Return all that the fields show, as `{% remembered %}` requires."""
        return f"DirectoryFilter({self._lists}, {[(name, self.data.get(name)) for name in self.fields]})"

    def prepare(self) -> None:
        choices_of = _choices if self._lists else _choices.__wrapped__
        for name, choices in choices_of(self._lists, name_column()).items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        # Unlike other invalid values, texts that are too long or contain NUL aren't ignored but match nothing.
        for name in {"q", "place"} & self.errors.keys():
            self.cleaned_data[name] = self.data.get(name, "")
        return self.cleaned_data

    @property
    def can_be_remembered(self) -> bool:
        """Whether `repr` tells all that the form shows, in a limited length."""
        return bool(self._lists) and not self.errors

    @property
    def in_bar(self) -> list[forms.BoundField]:
        """The fields in the search bar, beside the words."""
        return [self[name] for name in ("service", "place", "language")]

    @property
    def behind(self) -> list[forms.BoundField]:
        """The selects outside the search bar."""
        return [self[name] for name in ("rating", "sort")]

    @property
    def has_more(self) -> bool:
        """Whether any field outside the search bar is set."""
        return any(self.chosen[name] for name in ("rating", "open", "sort"))

    def profiles(self) -> tuple[PartnerProfileQuerySet, int, bool]:
        """Return the matching profiles, their number up to a limit, and whether there are more."""
        profiles, chosen = PartnerProfile.objects.public(), self.chosen
        if chosen["service"]:
            profiles = profiles.filter(services=chosen["service"])
        if chosen["language"]:
            profiles = profiles.filter(languages__code=chosen["language"])
        if chosen["place"]:
            profiles = profiles.filter(city_key__startswith=FoldText(Value(chosen["place"].replace("\x00", "").strip())))
        if chosen["rating"]:
            profiles = profiles.filter(agency__rating_summary__average_rounded__gte=chosen["rating"])
        if chosen["open"]:
            profiles = profiles.filter(open_for_clients=True)
        if chosen["q"]:
            profiles = profiles.search(chosen["q"])
        return (profiles, *capped_count(profiles))

    def order_by(self) -> tuple[str, ...]:
        """Return the columns to sort and page by."""
        if self.chosen["sort"] == "name":
            return ("sort_name", "pk")
        if self.chosen["sort"] == "rating" or not self.chosen["q"]:
            return ("-ranking_score", "pk")
        return ("-rank", "-ranking_score", "pk")


@lru_cache(maxsize=4)
def _choices(_version: int, column: str) -> dict[str, list[tuple[str, Any]]]:
    """Return the choices of services and languages in a version of the lists, with one query for both."""
    services = Service.objects.filter(is_active=True).values_list(Value("service"), Cast("pk", CharField()), F(column))
    languages = SpokenLanguage.objects.filter(is_active=True).values_list(Value("language"), "code", F(column))
    entries = sorted(services.union(languages, all=True), key=lambda entry: entry[2])
    return {
        name: [("", every), *((key, label) for field, key, label in entries if field == name)]
        for name, every in (("service", _("Any service")), ("language", _("Any language")))
    }


class ReviewChoice:
    """Selection and order of the reviews on a profile. Invalid values in the query string are ignored."""

    SORTS = (("", _("Newest first")), ("highest", _("Highest rating first")), ("lowest", _("Lowest rating first")))
    #: Columns to sort and page by. An index leads through each of them.
    ORDERS: ClassVar[dict[str, tuple[str, ...]]] = {"": ("-pk",), "highest": ("-stars", "-pk"), "lowest": ("stars", "-pk")}

    def __init__(self, data: QueryDict) -> None:
        stars, sort = data.get("stars", ""), data.get("sort", "")
        self.stars = int(stars) if stars in {"1", "2", "3", "4", "5"} else None
        self.with_text = self.stars is None and data.get("text") == "1"
        self.sort = sort if self.stars is None and sort in self.ORDERS else ""

    def __repr__(self) -> str:
        """Return all values, as `{% remembered %}` requires."""
        return f"ReviewChoice({self.stars}, {self.with_text}, {self.sort!r})"

    @property
    def is_narrowed(self) -> bool:
        """Whether only some of the reviews are listed."""
        return self.stars is not None or self.with_text

    @property
    def order_by(self) -> tuple[str, ...]:
        """Columns to sort and page by."""
        return self.ORDERS[self.sort]

    @property
    def all_query(self) -> str:
        """Query string of all reviews in this order."""
        return urlencode({"sort": self.sort} if self.sort else {})

    @property
    def text_query(self) -> str:
        """Query string of the reviews with text in this order."""
        return urlencode({"text": 1} | ({"sort": self.sort} if self.sort else {}))

    def of(self, reviews: QuerySet[Any]) -> QuerySet[Any]:
        """Return the reviews to list. Pinned ones are listed separately unless the selection is narrowed."""
        if self.stars is not None:
            return reviews.filter(stars=self.stars)
        return reviews.exclude(text="") if self.with_text else reviews.filter(pin_position=None)
