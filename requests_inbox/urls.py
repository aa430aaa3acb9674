"""“Contact them now”, and the inbox below /requests/."""

from django.urls import path

from partnerportal.core.language_addresses import language_paths
from requests_inbox.views import assign, contact, requests, settings

app_name = "requests_inbox"
urlpatterns = [
    *language_paths("partners/<slug:slug>/contact/", contact.contact, name="contact"),
    *language_paths("partners/<slug:slug>/contact/thanks/", contact.thanks, name="sent"),
    path("requests/", requests.request_list, name="list"),
    path("requests/settings/", settings.inbox_settings, name="settings"),
    path("requests/senders/<int:pk>/unblock/", settings.unblock, name="unblock_sender"),
    path("requests/<int:pk>/", requests.detail, name="detail"),
    path("requests/<int:pk>/seen/", requests.seen, name="mark_seen"),
    path("requests/<int:pk>/reply/", requests.reply_to, name="reply"),
    path("requests/<int:pk>/note/", requests.note, name="note"),
    path("requests/<int:pk>/take/", requests.take, name="assign_to_me"),
    path("requests/<int:pk>/hand-over/", requests.hand_over, name="reassign"),
    path("requests/<int:pk>/spam/", requests.spam, name="mark_spam"),
    path("requests/<int:pk>/not-spam/", requests.not_spam, name="mark_not_spam"),
    path("requests/<int:pk>/block/", requests.block, name="block_sender"),
    path("requests/<int:pk>/close/", requests.close, name="close"),
    path("requests/<int:pk>/reopen/", requests.reopen, name="reopen"),
    path("requests/<int:pk>/add-customer/", assign.add, name="add_customer"),
    path("requests/<int:pk>/assign/", assign.assign, name="assign"),
]
