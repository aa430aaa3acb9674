"""Random partner profiles for `seed_scale`. Equal numbers give equal profiles."""

import random

from django.utils import timezone

from partnerportal.agencies.models import Agency
from partnerportal.demo import seed_words as words
from partnerportal.network.models import OfferedService, PartnerProfile, ProfileLanguage, Service, SpokenLanguage
from partnerportal.network.services.search import update_search_texts


def seed_profiles(agencies: dict[int, Agency], *, host: str) -> None:
    """Create registered profiles with services and languages for agencies by number."""
    generators = [random.Random(number) for number in agencies]  # noqa: S311  # must be reproducible
    profiles = PartnerProfile.objects.bulk_create(
        PartnerProfile(
            agency=agency,
            slug=f"scale-{number}",
            tagline=rng.choice(words.TAGLINES),
            description="\n\n".join(rng.sample(words.ABOUT, 3)),
            city=rng.choice(words.CITIES)[0],
            website=f"https://agency{number}.example",
            founded=rng.randint(1995, 2025),
            team_size=rng.choice(("1", "2-5", "2-5", "6-10", "6-10", "11-25", "26-50", "51+")),
            open_for_clients=rng.random() < 0.85,
            contact_name=f"Owner {number}",
            contact_email=f"owner{number}@{host}",
            privacy_url=f"https://agency{number}.example/privacy/",
            status=PartnerProfile.Status.REGISTERED,
            registered_at=timezone.now(),
        )
        for (number, agency), rng in zip(agencies.items(), generators, strict=True)
    )
    services, languages = list(Service.objects.order_by("pk")), list(SpokenLanguage.objects.order_by("pk"))
    offered_services, spoken_languages = [], []
    for profile, rng in zip(profiles, generators, strict=True):
        # The first entries of both lists are the most frequent.
        chosen = {int(12 * rng.random() ** 1.5) for _ in range(rng.randint(2, 7))}
        offered_services += [OfferedService(profile=profile, service=services[i]) for i in chosen if i < len(services)]
        chosen = {0, *(1 + int(14 * rng.random() ** 3) for _ in range(rng.randint(0, 3)))}
        spoken_languages += [ProfileLanguage(partnerprofile=profile, spokenlanguage=languages[i]) for i in chosen if i < len(languages)]
    OfferedService.objects.bulk_create(offered_services)
    ProfileLanguage.objects.bulk_create(spoken_languages)
    update_search_texts(PartnerProfile.objects.filter(pk__in=[profile.pk for profile in profiles]))
