"""The directory's filters: the address holds them all."""

from typing import Any

from django import forms
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from partnerportal.core.db_functions import FoldText
from partnerportal.core.pagination import capped_count
from partnerportal.network.models import PartnerProfile, Service, SpokenLanguage, name_column
from partnerportal.network.services.search import PartnerProfileQuerySet


class DirectoryFilter(forms.Form):
    """What the directory is narrowed to. It is never wrong: what can’t be understood (an old bookmark) counts as not chosen."""

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

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.GET)
        services, languages = _choices()
        self.fields["service"].choices = [("", _("Any")), *services]  # type: ignore[attr-defined]
        self.fields["language"].choices = [("", _("Any")), *languages]  # type: ignore[attr-defined]
        self.is_valid()
        self.chosen: dict[str, Any] = {name: self.cleaned_data.get(name) or "" for name in self.fields}

    def clean(self) -> dict[str, Any]:
        """A query too long or with odd characters fits nobody, rather than not counting at all."""
        for name in {"q", "place"} & self.errors.keys():
            self.cleaned_data[name] = self.data.get(name, "")
        return self.cleaned_data

    @property
    def is_set(self) -> bool:
        """Whether anything narrows the directory."""
        return any(value for name, value in self.chosen.items() if name != "sort")

    @property
    def are_more_set(self) -> bool:
        """Whether anything but the words narrows it."""
        return any(value for name, value in self.chosen.items() if name not in {"sort", "q"})

    def profiles(self) -> tuple[PartnerProfileQuerySet, int, bool]:
        """The registered profiles that fit, in no order; how many they are, counted up to a limit; whether there are more."""
        found = self._narrowed()
        if self.chosen["q"]:
            found = found.search(self.chosen["q"])
        return (found, *capped_count(found))

    def order_by(self) -> tuple[str, ...]:
        """The columns to sort and page by."""
        if self.chosen["sort"] == "name":
            return ("sort_name", "pk")
        if self.chosen["sort"] == "rating" or not self.chosen["q"]:
            return ("-ranking_score", "pk")
        return ("-rank", "-ranking_score", "pk")

    def _narrowed(self) -> PartnerProfileQuerySet:
        found, chosen = PartnerProfile.objects.public(), self.chosen
        if chosen["service"]:
            found = found.filter(services=chosen["service"])
        if chosen["language"]:
            found = found.filter(languages__code=chosen["language"])
        if chosen["place"]:
            found = found.filter(city_key__startswith=FoldText(Value(chosen["place"].replace("\x00", "").strip())))
        if chosen["rating"]:
            found = found.filter(agency__rating_summary__average_rounded__gte=chosen["rating"])
        if chosen["open"]:
            found = found.filter(open_for_clients=True)
        return found


def _choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The services (by key) and languages (by code) that can be chosen, by their names; one query."""
    services = Service.objects.filter(is_active=True).values_list(Value("service"), Cast("pk", CharField()), F(name_column()))
    languages = SpokenLanguage.objects.filter(is_active=True).values_list(Value("language"), "code", F(name_column()))
    entries = sorted(services.union(languages, all=True), key=lambda entry: entry[2])
    return _of_kind(entries, "service"), _of_kind(entries, "language")


def _of_kind(entries: list[tuple[str, str, str]], wanted: str) -> list[tuple[str, str]]:
    return [(key, name) for kind, key, name in entries if kind == wanted]
