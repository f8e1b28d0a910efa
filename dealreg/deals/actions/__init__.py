"""Commands on deals: each atomic, each asks first, writes, records and tells."""

from dealreg.deals.actions.amending import (
    approve_amendment,
    ask_amendment,
    escalate_amendment,
    refuse_amendment,
    remind_of_amendment,
    tell_of_silence_on_amendment,
    withdraw_amendment,
)
from dealreg.deals.actions.appealing import (
    decide_appeal,
    escalate_appeal,
    file_appeal,
    remind_of_appeal,
)
from dealreg.deals.actions.closing import (
    confirm_order,
    expire_deal,
    report_lost,
    report_won,
)
from dealreg.deals.actions.conflicts import settle_conflict
from dealreg.deals.actions.conversation import add_comment, attach_evidence, remove_evidence
from dealreg.deals.actions.copying import copy_deal
from dealreg.deals.actions.customers import merge_customers, split_customer, undo_customer_change
from dealreg.deals.actions.discounts import (
    ask_discount,
    decide_discount,
    escalate_discount,
    lapse_discount,
    remind_of_discount,
    withdraw_discount_request,
)
from dealreg.deals.actions.drafting import discard_draft, save_draft, set_lines, start_draft
from dealreg.deals.actions.extending import ask_extension, grant_extension, refuse_extension
from dealreg.deals.actions.looking import look_at_due, look_for_conflicts
from dealreg.deals.actions.moving import change_distributor
from dealreg.deals.actions.on_behalf import start_draft_on_behalf
from dealreg.deals.actions.orders import correct_order, dispute_order, remind_of_order, take_back_win
from dealreg.deals.actions.reopening import reopen_deal
from dealreg.deals.actions.reviewing import (
    answer_request,
    approve_deal,
    endorse_deal,
    reject_deal,
    request_information,
    withdraw_deal,
)
from dealreg.deals.actions.revoking import (
    announce_revocation,
    decide_revocation,
    lapse_revocation,
    state_view,
    tell_unheard,
)
from dealreg.deals.actions.submitting import submit_deal
from dealreg.deals.actions.telling_apart import tell_apart
from dealreg.deals.actions.trying_again import remind_to_try_again
from dealreg.deals.actions.watching import (
    escalate_overdue,
    remind_expiring,
    remind_half_time,
    tell_of_silence,
)

__all__ = [
    "add_comment",
    "announce_revocation",
    "answer_request",
    "approve_amendment",
    "approve_deal",
    "ask_amendment",
    "ask_discount",
    "ask_extension",
    "attach_evidence",
    "change_distributor",
    "confirm_order",
    "copy_deal",
    "correct_order",
    "decide_appeal",
    "decide_discount",
    "decide_revocation",
    "discard_draft",
    "dispute_order",
    "endorse_deal",
    "escalate_amendment",
    "escalate_appeal",
    "escalate_discount",
    "escalate_overdue",
    "expire_deal",
    "file_appeal",
    "grant_extension",
    "lapse_discount",
    "lapse_revocation",
    "look_at_due",
    "look_for_conflicts",
    "merge_customers",
    "refuse_amendment",
    "refuse_extension",
    "reject_deal",
    "remind_expiring",
    "remind_half_time",
    "remind_of_amendment",
    "remind_of_appeal",
    "remind_of_discount",
    "remind_of_order",
    "remind_to_try_again",
    "remove_evidence",
    "reopen_deal",
    "report_lost",
    "report_won",
    "request_information",
    "save_draft",
    "set_lines",
    "settle_conflict",
    "split_customer",
    "start_draft",
    "start_draft_on_behalf",
    "state_view",
    "submit_deal",
    "take_back_win",
    "tell_apart",
    "tell_of_silence",
    "tell_of_silence_on_amendment",
    "tell_unheard",
    "undo_customer_change",
    "withdraw_amendment",
    "withdraw_deal",
    "withdraw_discount_request",
]
