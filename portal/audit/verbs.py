"""The catalogue of what happens: each verb's sentence on a timeline. `%(name)s` stands for a figure that
was recorded with the event; where one is missing the shorter sentence serves."""

import re
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
_NAMES = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Verb:
    short: Text
    full: Text = ""
    icon: str = "point"
    tone: str = ""
    # A recorded value that is a choice of the record's field: name of the figure -> name of the field.
    choices: dict[str, str] = field(default_factory=dict)
    # A recorded value and the words for it.
    words: dict[str, dict[str, Text]] = field(default_factory=dict)

    def wanted(self) -> set[str]:
        """The figures that the full sentence needs."""
        return set(_NAMES.findall(str(self.full)))


TRACKS: dict[str, Text] = {"sales": _("Sales"), "technical": _("Technical"), "technology": _("Technology")}
# Names of the programme, the same in every language.
TIER_NAMES: dict[str, Text] = {
    "registered": "Registered",
    "bronze": "Bronze",
    "silver": "Silver",
    "gold": "Gold",
    "platinum": "Platinum",
}

# Reasons that the portal itself writes: kept in English, read in the reader's language.
OWN_REASONS: dict[str, Text] = {"Left the company.": _("Left the company.")}

# Of a split: the record that stayed, and the one that was taken out of it.
SIDES_OF_SPLIT: dict[str, Text] = {"kept": _("Split off:"), "other": _("Split from")}

VERBS: dict[str, Verb] = {
    "deal.drafted": Verb(_("Draft begun"), icon="pencil"),
    "deal.submitted": Verb(_("Submitted"), _("Submitted, decision due by %(due_at)s"), "send", "info"),
    "deal.information_requested": Verb(_("Information requested"), icon="help-circle", tone="warn"),
    "deal.answered": Verb(
        _("Answered"), _("Answered, decision due by %(due_at)s"), icon="message-reply", tone="info"
    ),
    "deal.endorsed": Verb(
        _("Approved by the distributor"),
        _("Approved by the distributor with %(granted_pct)s, passed on to the channel manager"),
        "rubber-stamp",
        "ok",
    ),
    "deal.approved": Verb(
        _("Approved"),
        _("Approved with a discount of %(granted_pct)s, protected until %(protected_until)s"),
        "circle-check",
        "ok",
    ),
    "deal.rejected": Verb(
        _("Rejected"), _("Rejected: %(code)s"), "circle-x", "bad", choices={"code": "rejection_code"}
    ),
    "deal.withdrawn": Verb(_("Withdrawn"), icon="arrow-back-up", tone="neutral"),
    "deal.won": Verb(
        _("Reported as won"),
        _("Reported as won: order %(order_reference)s of %(order_date)s, %(order_amount)s"),
        "trophy",
        "ok",
    ),
    "deal.order_confirmed": Verb(
        _("Order confirmed"), _("Order %(order_reference)s confirmed"), "checks", "ok"
    ),
    "deal.order_disputed": Verb(
        _("Order not found by the distributor"),
        _("Order %(order_reference)s not found by the distributor"),
        "zoom-question",
        "warn",
    ),
    "deal.order_corrected": Verb(
        _("Order corrected"),
        _("Order corrected: %(order_reference)s of %(order_date)s, %(order_amount)s"),
        "pencil",
        "info",
    ),
    "deal.win_taken_back": Verb(
        _("Win taken back"),
        _("Win taken back, order %(order_reference)s did not come about; decision due by %(due_at)s"),
        "arrow-back-up",
        "warn",
    ),
    "deal.amendment_asked": Verb(
        _("Change asked for"),
        _("Change asked for, %(before_amount)s to %(after_amount)s, decision due by %(due_at)s"),
        "file-diff",
        "info",
    ),
    "deal.amended": Verb(
        _("Changed"), _("Changed, list price %(before_amount)s to %(after_amount)s"), "file-diff", "ok"
    ),
    "deal.amendment_refused": Verb(
        _("Change refused"),
        _("Change refused, %(before_amount)s to %(after_amount)s"),
        "circle-x",
        "bad",
    ),
    "deal.amendment_withdrawn": Verb(_("Change taken back"), icon="arrow-back-up", tone="neutral"),
    "deal.amendment_escalated": Verb(
        _("Decision on the change overdue, channel manager told"),
        _("Decision on the change overdue since %(due_at)s, channel manager told"),
        "alarm",
        "bad",
    ),
    "deal.distributor_changed": Verb(
        _("Distributor changed"),
        _("Distributor changed: %(distributor)s decides by %(due_at)s"),
        "truck",
        "info",
    ),
    "deal.lost": Verb(
        _("Reported as lost"), _("Reported as lost: %(code)s"), "mood-sad", "neutral", {"code": "loss_code"}
    ),
    "deal.expired": Verb(
        _("Protection ended"),
        _("Protection ended, last protected day %(protected_until)s"),
        "clock-off",
        "neutral",
    ),
    "deal.revoked": Verb(
        _("Protection revoked"),
        _("Protection revoked: %(code)s"),
        "shield-off",
        "bad",
        choices={"code": "revocation_code"},
    ),
    "deal.overruled": Verb(
        _("Protection ended by a decision of the channel manager on the opportunity"),
        icon="shield-off",
        tone="bad",
    ),
    "deal.appealed": Verb(_("Appeal filed"), _("Appeal filed, decision due by %(due_at)s"), "scale", "info"),
    "deal.appeal_decided": Verb(
        _("Appeal decided"),
        _("Appeal decided: %(outcome)s"),
        "scale",
        "info",
        words={
            "outcome": {
                "upheld": _("The decision stands"),
                "facts_wrong": _("Overturned: the facts were wrong"),
                "new_evidence": _("Overturned: new evidence"),
                "rule_misapplied": _("Overturned: the rule was misapplied"),
                "not_explained": _("Overturned: the refusal was not explained"),
            }
        },
    ),
    "deal.reinstated": Verb(
        _("Under review again, at its original place"),
        _("Under review again, at its original place; decision due by %(due_at)s"),
        "rotate-clockwise",
        "info",
    ),
    "deal.appeal_escalated": Verb(
        _("Appeal overdue, programme administrators told"),
        _("Appeal overdue since %(due_at)s, programme administrators told"),
        "alarm",
        "bad",
    ),
    "deal.discount_asked": Verb(
        _("End customer's discount asked for"),
        _("End customer's discount of %(asked_amount)s asked for, decision due by %(due_at)s"),
        "discount",
        "info",
    ),
    "deal.discount_decided": Verb(
        _("End customer's discount decided"),
        _("End customer's discount decided: %(outcome)s, %(granted_amount)s"),
        "discount",
        "info",
        words={
            "outcome": {
                "granted": _("Granted in full"),
                "partly": _("Granted in part"),
                "refused": _("Refused"),
            }
        },
    ),
    "deal.discount_withdrawn": Verb(
        _("Request for an end customer's discount withdrawn"), icon="discount-off", tone="neutral"
    ),
    "deal.discount_lapsed": Verb(
        _("Request for an end customer's discount closed with the deal"), icon="discount-off", tone="neutral"
    ),
    "deal.discount_escalated": Verb(
        _("Discount request overdue, programme administrators told"),
        _("Discount request overdue since %(due_at)s, programme administrators told"),
        "alarm",
        "bad",
    ),
    "deal.revocation_announced": Verb(
        _("Revocation announced"),
        _("Revocation announced: %(code)s; the partner is heard until %(statement_at)s"),
        "shield-question",
        "warn",
        choices={"code": "revocation_code"},
    ),
    "deal.view_stated": Verb(_("Partner's statement on the revocation"), icon="message-reply", tone="info"),
    "deal.revocation_dropped": Verb(
        _("Revocation dropped, the protection goes on"), icon="shield-check", tone="ok"
    ),
    "deal.revocation_lapsed": Verb(
        _("Announced revocation closed with the deal"), icon="shield-off", tone="neutral"
    ),
    "deal.conflict_found": Verb(
        _("Conflict with another registration found"),
        _("Conflict with %(other)s found"),
        "git-merge",
        "warn",
    ),
    "deal.conflict_settled": Verb(
        _("Conflict settled"),
        _("Conflict settled: %(outcome)s"),
        "git-merge",
        "ok",
        words={
            "outcome": {
                "earlier_stands": _("The earlier registration stands"),
                "different": _("Two different opportunities"),
                "later_prevails": _("The later registration prevails"),
                "lapsed": _("Settled by itself: one of the registrations ended"),
                "parted": _("Settled by itself: the two customers are no longer one record"),
                "corrected": _("Settled by itself: corrected details show two different customers"),
            }
        },
    ),
    "deal.customer_told_apart": Verb(
        _("Another customer told apart"),
        _("Another customer told apart: %(customer)s"),
        "arrows-split-2",
        "neutral",
    ),
    "deal.probing_noticed": Verb(
        _("Striking registrations of the partner, channel manager told"),
        _(
            "Striking registrations of the partner, channel manager told: %(registered)s in %(days)s days, "
            "%(in_vain)s of them taken or withdrawn at once, %(at_once)s within an hour"
        ),
        "eye-exclamation",
        "warn",
    ),
    "deal.reminded": Verb(_("Reminded of the decision"), icon="hourglass", tone="neutral"),
    "deal.escalated": Verb(
        _("Decision overdue, channel manager told"),
        _("Decision overdue since %(due_at)s, channel manager told"),
        "alarm",
        "bad",
    ),
    "deal.stepped_in": Verb(
        _("The channel manager acts in the distributor's place"),
        _("The channel manager acts in the distributor's place: the decision was due by %(due_at)s"),
        "user-check",
        "warn",
    ),
    "deal.reopened": Verb(
        _("Re-opened: a new registration under the old number"),
        _("Re-opened: a new registration under the old number, decision due by %(due_at)s"),
        "rotate-clockwise",
        "info",
    ),
    "deal.extension_asked": Verb(
        _("Extension asked for"),
        _("Extension by %(days)s days asked for, decision due by %(due_at)s"),
        "calendar-plus",
        "info",
    ),
    "deal.extension_granted": Verb(
        _("Extension granted"),
        _("Extension by %(days)s days granted, protected until %(protected_until)s"),
        "calendar-check",
        "ok",
    ),
    "deal.extension_refused": Verb(
        _("Extension refused"),
        _("Extension refused: %(code)s"),
        "calendar-x",
        "bad",
        words={
            "code": {
                "no_progress": _("Too little progress shown"),
                "not_plausible": _("The new closing date is not plausible"),
                "customer_objects": _("The customer no longer pursues the project with this partner"),
                "other": _("Another reason"),
            }
        },
    ),
    "deal.extension_escalated": Verb(
        _("Decision on the extension overdue, channel manager told"),
        _("Decision on the extension overdue since %(due_at)s, channel manager told"),
        "alarm",
        "bad",
    ),
    "deal.handed_over": Verb(
        _("Handed over to a colleague"), _("Handed over to %(to)s"), "arrows-exchange", "info"
    ),
    "deal.commented": Verb(_("Commented"), icon="message"),
    "deal.evidence_added": Verb(_("Evidence added"), _("Evidence added: %(name)s"), "paperclip"),
    "deal.evidence_removed": Verb(_("Evidence removed"), _("Evidence removed: %(name)s"), "paperclip"),
    "customer.merged": Verb(_("Merged"), _("Merged with %(other)s, %(name)s"), "git-merge", "info"),
    "customer.split": Verb(
        _("Split"), _("%(side)s %(other)s, %(name)s"), "git-branch", "info", words={"side": SIDES_OF_SPLIT}
    ),
    "customer.merge_undone": Verb(
        _("Merge undone"), _("Merge with %(other)s, %(name)s, undone"), "arrow-back-up", "neutral"
    ),
    "customer.split_undone": Verb(
        _("Split undone"),
        _("%(side)s %(other)s, %(name)s: undone"),
        "arrow-back-up",
        "neutral",
        words={"side": SIDES_OF_SPLIT},
    ),
    "departure.opened": Verb(
        _("Departure entered"),
        _(
            "Departure on %(departed_on)s entered: to be reported by %(report_due_on)s, to be replaced by "
            "%(replacement_due_on)s"
        ),
        "user-minus",
        "warn",
    ),
    "departure.reported": Verb(
        _("Departure reported by the partner"),
        icon="circle-check",
        tone="ok",
    ),
    "departure.reported_late": Verb(
        _("Reported late"),
        _("Reported late: on %(reported_on)s instead of by %(due_on)s"),
        "clock-exclamation",
        "bad",
    ),
    "departure.report_reminded": Verb(
        _("Reminded to report the departure"),
        _("Reminded to report the departure by %(due_on)s"),
        "bell",
        "neutral",
    ),
    "departure.report_overdue": Verb(
        _("Not reported in time"), _("Not reported by %(due_on)s"), "clock-exclamation", "bad"
    ),
    "departure.replacement_reminded": Verb(
        _("Reminded of the replacement"),
        _("Reminded of the replacement, due by %(due_on)s"),
        "bell",
        "neutral",
    ),
    "departure.reminded_by_hand": Verb(
        _("Reminded by the channel manager"), icon="bell-ringing", tone="warn"
    ),
    "departure.replaced": Verb(
        _("Replaced"),
        _("Replaced (%(track)s), certificate %(certificate)s"),
        "user-check",
        "ok",
        words={"track": TRACKS},
    ),
    "departure.gap_reopened": Verb(
        _("To be replaced again"),
        _("To be replaced again (%(track)s)"),
        "user-question",
        "warn",
        words={"track": TRACKS},
    ),
    "departure.track_added": Verb(
        _("To be replaced too"),
        _("To be replaced too (%(track)s), certificate %(certificate)s entered later"),
        "user-question",
        "warn",
        words={"track": TRACKS},
    ),
    "departure.settled": Verb(_("Case settled"), icon="checks", tone="ok"),
    "departure.reopened": Verb(
        _("Case open again"), _("Case open again, replacement due by %(due_on)s"), "rotate-clockwise", "warn"
    ),
    "departure.correction_asked": Verb(
        _("Later date of departure asked for"),
        _("Asked to move the date of departure from %(before_on)s to %(after_on)s"),
        "calendar-question",
        "warn",
    ),
    "departure.correction_refused": Verb(
        _("Later date of departure refused"),
        _("Date of departure %(after_on)s refused"),
        "calendar-x",
        "bad",
    ),
    "departure.correction_withdrawn": Verb(
        _("Correction no longer asked for"),
        _("Date of departure %(after_on)s no longer asked for"),
        "calendar-off",
        "neutral",
    ),
    "departure.date_corrected": Verb(
        _("Date of departure corrected"),
        _(
            "Date of departure corrected from %(before_on)s to %(after_on)s: to be reported by "
            "%(report_due_on)s, to be replaced by %(replacement_due_on)s"
        ),
        "calendar-event",
        "info",
    ),
    "departure.lapsed": Verb(
        _("Not replaced in time"),
        _("Not replaced in time, lapsed on %(lapsed_on)s: %(effect)s"),
        "calendar-x",
        "bad",
        words={
            "effect": {"none": _("no effect on the tier"), "tier": _("the tier asks for more specialists")}
        },
    ),
    "departure.withdrawn": Verb(_("Case withdrawn"), icon="arrow-back-up", tone="neutral"),
    "departure.clock_released": Verb(
        _("Earlier clock released"),
        _(
            "Earlier clock released: to be reported by %(report_due_on)s, to be replaced by "
            "%(replacement_due_on)s"
        ),
        "clock-play",
        "info",
    ),
    "tier_review.opened": Verb(
        _("Review opened"),
        _("Review opened: %(before)s to %(after)s proposed"),
        "scale",
        "warn",
        words={"before": TIER_NAMES, "after": TIER_NAMES},
    ),
    "tier_review.dropped": Verb(_("Proposal no longer holds"), icon="circle-off", tone="neutral"),
    "tier_review.resumed": Verb(
        _("Recovery plan ended, to be decided again"),
        _("Recovery plan ended on %(plan_until)s, to be decided again"),
        "rotate-clockwise",
        "warn",
    ),
    "tier_review.confirmed": Verb(
        _("Lower tier confirmed"),
        _("Lower tier confirmed: %(after)s"),
        "arrow-down-circle",
        "bad",
        words={"after": TIER_NAMES},
    ),
    "tier_review.limited": Verb(
        _("No lower than the specialists carry"),
        _("No lower than the specialists carry: %(after)s instead of %(proposed)s"),
        "user-check",
        "info",
        words={"proposed": TIER_NAMES, "after": TIER_NAMES},
    ),
    "tier_review.kept": Verb(_("Tier kept"), icon="shield-check", tone="ok"),
    "tier_review.plan_opened": Verb(
        _("Recovery plan opened"), _("Recovery plan opened, until %(plan_until)s"), "list-check", "info"
    ),
    "tier_review.ground_gone": Verb(
        _("Specialists are back before the change takes effect"),
        _("Specialists are back before the change on %(due_on)s: to be decided"),
        "user-check",
        "warn",
    ),
    "tier_review.ground_back": Verb(
        _("Specialists are missing again: the change stands"),
        _("Specialists are missing again: the change on %(due_on)s stands"),
        "user-minus",
        "info",
    ),
    "tier_review.change_dropped": Verb(
        _("Scheduled change of tier dropped"),
        _("Scheduled change to %(after)s on %(due_on)s dropped"),
        "circle-off",
        "ok",
        words={"after": TIER_NAMES},
    ),
    "tier_review.change_upheld": Verb(
        _("Scheduled change of tier upheld"),
        _("Scheduled change to %(after)s on %(due_on)s upheld"),
        "gavel",
        "bad",
        words={"after": TIER_NAMES},
    ),
    "partner.tier_changed": Verb(
        _("Tier changed"),
        _("Tier changed from %(before)s to %(after)s"),
        "award",
        "warn",
        words={"before": TIER_NAMES, "after": TIER_NAMES},
    ),
    "partner.tier_change_dropped": Verb(
        _("Scheduled change of tier no longer needed"), icon="circle-off", tone="neutral"
    ),
    "partner.added": Verb(_("Partner added"), icon="building-plus", tone="info"),
    "partner.edited": Verb(_("Partner's data changed"), icon="edit"),
    "distributor.added": Verb(_("Distributor added"), icon="building-plus", tone="info"),
    "distributor.edited": Verb(_("Distributor's data changed"), icon="edit"),
    "office.added": Verb(_("Office added"), icon="building-plus", tone="info"),
    "office.edited": Verb(_("Office's data changed"), icon="edit"),
    "invitation.sent": Verb(_("Invitation sent"), icon="mail", tone="info"),
    "invitation.resent": Verb(_("Invitation sent again"), icon="mail", tone="info"),
    "invitation.withdrawn": Verb(_("Invitation withdrawn"), icon="mail-off", tone="neutral"),
    "invitation.accepted": Verb(_("Invitation accepted"), icon="mail-opened", tone="ok"),
    "invitation.lapsed": Verb(_("Invitation ran out"), icon="mail-off", tone="neutral"),
    "membership.started": Verb(_("Access given"), icon="user-plus", tone="ok"),
    "membership.role_changed": Verb(_("Role changed"), icon="user-edit", tone="info"),
    "membership.deactivated": Verb(_("Access ended"), icon="user-off", tone="bad"),
    "membership.reactivated": Verb(_("Access given again"), icon="user-check", tone="ok"),
    "user.email_changed": Verb(
        _("E-mail address changed"), _("E-mail address changed from %(before)s to %(after)s"), "mail", "warn"
    ),
    "certificate.issued": Verb(
        _("Certificate issued"), _("Certificate issued, valid until %(expires_on)s"), "certificate", "ok"
    ),
    "certificate.imported": Verb(
        _("Certificate taken over"),
        _("Certificate taken over from a file, valid until %(expires_on)s"),
        "file-import",
        "info",
    ),
    "certificate.withdrawn": Verb(_("Certificate withdrawn"), icon="certificate-off", tone="bad"),
    "employment.added": Verb(_("Employee entered"), icon="user-plus", tone="info"),
    "employment.rehired": Verb(_("Employee entered again"), icon="user-check", tone="info"),
    "employment.edited": Verb(_("Employee's details changed"), icon="pencil"),
    "employment.moved_on": Verb(_("Works for another company"), icon="user-minus", tone="warn"),
    "transfer.asked": Verb(_("Certificates of an earlier employer asked for"), icon="transfer", tone="info"),
    "transfer.consented": Verb(_("The person has agreed"), icon="thumb-up", tone="ok"),
    "transfer.declined": Verb(_("The person has declined"), icon="thumb-down", tone="neutral"),
    "transfer.withdrawn": Verb(_("Request withdrawn"), icon="arrow-back-up", tone="neutral"),
    "transfer.granted": Verb(_("Certificates taken along"), icon="circle-check", tone="ok"),
    "transfer.refused": Verb(_("Certificates not taken along"), icon="circle-x", tone="bad"),
    "employment.data_link_asked": Verb(
        _("Link to the person's own data sent"), icon="database-share", tone="info"
    ),
    "employment.left": Verb(_("Departure reported"), icon="user-minus", tone="warn"),
    "job.period_changed": Verb(
        _("Time changed"), _("Time changed from %(before)s to %(after)s"), "clock-edit", "info"
    ),
    "job.paused": Verb(_("Paused"), icon="player-pause", tone="warn"),
    "job.resumed": Verb(_("Resumed"), icon="player-play", tone="ok"),
    "job.run_asked": Verb(_("Run asked for"), icon="player-track-next", tone="info"),
    "job.mails_sent_again": Verb(
        _("Given-up mails sent again"), _("%(number)s given-up mails sent again"), "mail-forward", "info"
    ),
    "import.applied": Verb(
        _("Applied"), _("Applied: %(good)s new, %(known)s known, %(bad)s bad"), "file-import", "ok"
    ),
    "import.discarded": Verb(_("Thrown away"), icon="trash", tone="neutral"),
    "user.calendar_renewed": Verb(
        _("New secret address for the calendar"), icon="calendar-plus", tone="info"
    ),
    "user.calendar_revoked": Verb(
        _("Secret address for the calendar revoked"), icon="calendar-off", tone="neutral"
    ),
    "person.erased": Verb(_("Personal data erased"), icon="eraser", tone="neutral"),
    "edition.imported": Verb(_("Edition imported"), icon="file-import", tone="info"),
    "edition.published": Verb(_("Edition published"), icon="award", tone="ok"),
    "edition.discarded": Verb(_("Edition discarded"), icon="trash", tone="neutral"),
    "course.added": Verb(_("Course added"), icon="circle-plus", tone="info"),
    "course.edited": Verb(_("Course changed"), icon="pencil"),
    "course.published": Verb(_("Published"), icon="circle-check", tone="ok"),
    "course.withdrawn": Verb(_("Withdrawn"), icon="arrow-back-up", tone="neutral"),
    "course.question_added": Verb(_("Question added"), icon="circle-plus", tone="info"),
    "course.question_edited": Verb(_("Question changed"), icon="pencil"),
    "course.question_switched_on": Verb(_("Question put into use"), icon="toggle-right", tone="ok"),
    "course.question_switched_off": Verb(_("Question put out of use"), icon="toggle-left"),
    "session.planned": Verb(_("Session planned"), icon="calendar-plus", tone="info"),
    "session.edited": Verb(_("Session changed"), icon="pencil"),
    "session.cancelled": Verb(_("Session cancelled"), icon="calendar-x", tone="bad"),
    "booking.made": Verb(_("Place booked"), icon="calendar-check", tone="ok"),
    "booking.waiting": Verb(_("On the waiting list"), icon="hourglass", tone="info"),
    "booking.moved_up": Verb(_("Moved up from the waiting list"), icon="calendar-check", tone="ok"),
    "booking.cancelled": Verb(_("Place given back"), icon="calendar-minus", tone="neutral"),
    "booking.attended": Verb(_("Attended"), icon="user-check", tone="ok"),
    "booking.absent": Verb(_("Did not come"), icon="user-off", tone="warn"),
    "course.progress_noted": Verb(
        _("Progress in the course noted"), _("Progress in the course: %(progress_pct)s"), "school", "info"
    ),
    "exam.started": Verb(_("Exam begun"), icon="school"),
    "exam.finished": Verb(_("Exam finished"), _("Exam finished with %(score_pct)s"), "school", "info"),
    "exam.another_granted": Verb(_("Another attempt granted"), icon="rotate-clockwise", tone="ok"),
    "exam.recorded": Verb(
        _("Result recorded"), _("Result recorded: %(score_pct)s"), "clipboard-check", "info"
    ),
}


def humanised(verb: str) -> str:
    """What an unlisted verb says: `deal.price_checked` → "Price checked"."""
    return verb.rpartition(".")[2].replace("_", " ").capitalize()
