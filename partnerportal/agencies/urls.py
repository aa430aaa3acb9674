"""URLs of the agency, its team and team invitations."""

from django.urls import path

from partnerportal.agencies.views import agency, join, notifications, team

app_name = "agencies"
urlpatterns = [
    path("company/switch/", agency.switch, name="switch"),
    path("company/team/", team.team, name="team"),
    path("company/team/invite/", team.invite, name="invite"),
    path("company/team/invitations/<int:pk>/resend/", team.invitation_resend, name="invitation_resend"),
    path("company/team/invitations/<int:pk>/withdraw/", team.invitation_withdraw, name="invitation_withdraw"),
    path("company/team/<int:pk>/role/", team.change_role, name="change_role"),
    path("company/team/<int:pk>/remove/", team.remove_member, name="remove_member"),
    path("company/team/leave/", team.leave, name="leave"),
    path("company/team/hand-over/", team.transfer_ownership, name="transfer_ownership"),
    path("company/team/second-factor/", team.require_second_factor, name="require_second_factor"),
    path("company/second-factor/", team.second_factor_required, name="second_factor_required"),
    path("account/notices/", notifications.notifications, name="notifications"),
    path("join/<str:token>/", join.join, name="join"),
]
