"""“Contact them now”, and the inbox below /requests/."""

from django.urls import path

from partnerportal.core.language_addresses import language_paths
from requests_inbox.views import contact, customer, inbox, settings

app_name = "requests_inbox"
urlpatterns = [
    *language_paths("partners/<slug:slug>/contact/", contact.contact, name="contact"),
    *language_paths("partners/<slug:slug>/contact/thanks/", contact.thanks, name="thanks"),
    path("requests/", inbox.request_list, name="list"),
    path("requests/settings/", settings.inbox_settings, name="settings"),
    path("requests/senders/<int:pk>/unblock/", settings.unblock, name="unblock"),
    path("requests/<int:pk>/", inbox.detail, name="detail"),
    path("requests/<int:pk>/seen/", inbox.seen, name="seen"),
    path("requests/<int:pk>/reply/", inbox.reply_to, name="reply"),
    path("requests/<int:pk>/note/", inbox.note, name="note"),
    path("requests/<int:pk>/take/", inbox.take, name="take"),
    path("requests/<int:pk>/hand-over/", inbox.hand_over, name="hand_over"),
    path("requests/<int:pk>/spam/", inbox.spam, name="spam"),
    path("requests/<int:pk>/not-spam/", inbox.not_spam, name="not_spam"),
    path("requests/<int:pk>/block/", inbox.block, name="block"),
    path("requests/<int:pk>/close/", inbox.close, name="close"),
    path("requests/<int:pk>/reopen/", inbox.reopen, name="reopen"),
    path("requests/<int:pk>/add-customer/", customer.add, name="add_customer"),
    path("requests/<int:pk>/assign/", customer.assign, name="assign"),
]
