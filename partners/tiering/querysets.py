from partners.certification.querysets import PartnerPartQuerySet
from partners.tiering.lifecycle import ChangeStatus, ReviewStatus


class TierReviewQuerySet(PartnerPartQuerySet):
    def open(self) -> "TierReviewQuerySet":
        return self.filter(status=ReviewStatus.OPEN)


class TierChangeQuerySet(PartnerPartQuerySet):
    def scheduled(self) -> "TierChangeQuerySet":
        return self.filter(status=ChangeStatus.SCHEDULED)
