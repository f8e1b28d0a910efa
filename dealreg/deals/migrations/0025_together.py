"""All that came before in one, for databases that begin here; where 0001 to 0024 have run, nothing happens.
It takes a quarter of their time."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.core.name_search


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("deals", "0001_initial"),
        ("deals", "0002_initial"),
        ("deals", "0003_deal_expiry_reminder"),
        ("deals", "0004_constraints"),
        ("deals", "0005_appeals_discounts_revocations"),
        ("deals", "0006_silence_extension_reopening"),
        ("deals", "0007_fill_silence_and_decision_times"),
        ("deals", "0008_the_end"),
        ("deals", "0009_orders_to_confirm"),
        ("deals", "0010_mentions_and_name_pieces"),
        ("deals", "0011_letter_codes"),
        ("deals", "0012_look_due"),
        ("deals", "0013_conflict_reasons"),
        ("deals", "0014_customers_learn_from_deals"),
        ("deals", "0015_told_apart"),
        ("deals", "0016_discount_defaults"),
        ("deals", "0017_list_by_submission"),
        ("deals", "0018_win_back_under_review"),
        ("deals", "0019_deal_handled_by"),
        ("deals", "0020_conflict_parted"),
        ("deals", "0021_amendment_silence"),
        ("deals", "0022_conflict_corrected"),
        ("deals", "0023_revoked_after_the_end"),
        ("deals", "0024_appeal_against_overruling"),
    ]

    dependencies = [
        ("catalogue", "0003_add_ons"),
        ("customers", "0004_sorted_by_folded_names"),
        ("documents", "0001_initial"),
        ("organisations", "0003_name_pieces"),
        ("programme", "0002_notice_and_tighter_freeze"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Deal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=12, unique=True, verbose_name="number")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("submitted", "Submitted"),
                            ("information_requested", "Information requested"),
                            ("approved", "Approved"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("won", "Won"),
                            ("lost", "Lost"),
                            ("expired", "Expired"),
                            ("revoked", "Revoked"),
                        ],
                        default="draft",
                        max_length=24,
                        verbose_name="status",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[("distributor", "Distributor"), ("vendor", "Channel manager")],
                        default="distributor",
                        max_length=12,
                    ),
                ),
                ("on_behalf", models.BooleanField(default=False)),
                ("customer_name", models.CharField(blank=True, max_length=200, verbose_name="end customer")),
                ("customer_country", models.CharField(blank=True, max_length=2, verbose_name="country")),
                ("customer_city", models.CharField(blank=True, max_length=120, verbose_name="town")),
                ("web_domain", models.CharField(blank=True, max_length=253, verbose_name="web domain")),
                (
                    "company_number",
                    models.CharField(blank=True, max_length=40, verbose_name="VAT or company number"),
                ),
                ("look_due_at", models.DateTimeField(null=True)),
                (
                    "nodes",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="nodes",
                    ),
                ),
                (
                    "expected_close_on",
                    models.DateField(blank=True, null=True, verbose_name="expected closing date"),
                ),
                (
                    "engagement",
                    models.TextField(blank=True, max_length=4000, verbose_name="engagement so far"),
                ),
                ("contact_name", models.CharField(blank=True, max_length=120, verbose_name="contact")),
                ("contact_role", models.CharField(blank=True, max_length=120, verbose_name="function")),
                ("contact_email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("contact_phone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
                ("notes", models.TextField(blank=True, max_length=4000, verbose_name="notes")),
                ("currency", models.CharField(default="EUR", max_length=3, verbose_name="currency")),
                (
                    "list_amount",
                    models.DecimalField(
                        decimal_places=2, default=Decimal("0"), max_digits=14, verbose_name="list price"
                    ),
                ),
                (
                    "end_user_discount",
                    models.DecimalField(
                        db_default=Decimal("0"), decimal_places=2, default=Decimal("0"), max_digits=14
                    ),
                ),
                ("letter_code", models.CharField(max_length=32, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("submitted_at", models.DateTimeField(null=True, verbose_name="submitted")),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("registered", "Registered"),
                            ("bronze", "Bronze"),
                            ("silver", "Silver"),
                            ("gold", "Gold"),
                            ("platinum", "Platinum"),
                        ],
                        max_length=16,
                        verbose_name="tier",
                    ),
                ),
                ("ceiling_pct", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("needs_vendor", models.BooleanField(default=False)),
                ("decision_due_at", models.DateTimeField(null=True, verbose_name="decision due")),
                ("half_time_at", models.DateTimeField(null=True)),
                ("half_time_told_at", models.DateTimeField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("clock_left", models.DurationField(null=True)),
                ("vendor_may_decide_at", models.DateTimeField(null=True)),
                ("silence_left", models.DurationField(null=True)),
                ("silence_told_at", models.DateTimeField(null=True)),
                ("endorsed_at", models.DateTimeField(null=True)),
                ("proposed_pct", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                ("in_distributors_place", models.BooleanField(default=False)),
                ("decision_working_time", models.DurationField(null=True)),
                ("decided_late", models.BooleanField(null=True)),
                ("granted_pct", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                (
                    "rejection_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("not_new_business", "Not new business for this product group"),
                            ("already_taken", "This opportunity cannot be registered"),
                            ("no_engagement", "Too little engagement with the customer shown"),
                            ("incomplete", "Information missing or not plausible"),
                            ("not_eligible", "Conditions of the programme not met"),
                            (
                                "customer_objects",
                                "The customer does not know of or objects to the registration",
                            ),
                            ("other", "Another reason"),
                        ],
                        max_length=24,
                    ),
                ),
                ("decision_text", models.TextField(blank=True, max_length=4000)),
                ("appeal_until", models.DateField(null=True)),
                ("reinstated_at", models.DateTimeField(null=True)),
                ("protected_from", models.DateField(null=True)),
                ("protected_until", models.DateField(null=True, verbose_name="protected until")),
                ("expiry_reminder", models.PositiveSmallIntegerField(null=True)),
                ("protection_held", models.BooleanField(default=False)),
                ("reopened_at", models.DateTimeField(null=True)),
                ("win_taken_back_at", models.DateTimeField(null=True)),
                ("protection_kept_until", models.DateField(null=True)),
                ("ended_on", models.DateField(null=True)),
                (
                    "order_reference",
                    models.CharField(blank=True, max_length=60, verbose_name="distributor's order reference"),
                ),
                ("order_date", models.DateField(null=True, verbose_name="order date")),
                (
                    "order_amount",
                    models.DecimalField(
                        decimal_places=2, max_digits=14, null=True, verbose_name="order amount"
                    ),
                ),
                ("order_confirmed_at", models.DateTimeField(null=True)),
                ("order_due_at", models.DateTimeField(null=True)),
                ("order_reminded_at", models.DateTimeField(null=True)),
                ("order_disputed_at", models.DateTimeField(null=True)),
                ("order_dispute", models.TextField(blank=True, max_length=4000)),
                ("lost_to", models.CharField(blank=True, max_length=120, verbose_name="competitor")),
                ("retry_on", models.DateField(null=True, verbose_name="try again on")),
                ("retry_told_at", models.DateTimeField(null=True)),
                ("distributor_since", models.DateTimeField(null=True)),
                (
                    "loss_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("competitor", "Lost to a competitor's product"),
                            ("price", "Price"),
                            ("function", "A function was missing"),
                            ("compatibility", "Does not fit the customer's systems"),
                            ("performance", "Did not convince in the trial"),
                            ("policy", "Excluded by a policy or a rule for public buyers"),
                            ("incumbent", "The customer stays with its present product"),
                            ("bundled", "Comes with another product or service of the customer"),
                            ("other_partner", "Bought from another supplier"),
                            ("in_house", "The customer solves it itself"),
                            ("project_stopped", "Project stopped or postponed"),
                            ("no_budget", "No budget"),
                            ("timing", "Delivery or decision came too late"),
                            ("merged", "The customer was taken over or has closed"),
                            ("no_answer", "The customer no longer answers"),
                            ("other", "Another reason"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "revocation_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("customer_choice", "The customer's own written choice"),
                            ("untrue_statement", "Untrue statement in the registration"),
                            ("authorisation_ended", "The partner's authorisation has ended"),
                            ("overruled", "Another decision on the opportunity by the channel manager"),
                        ],
                        max_length=24,
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
                ("end_text", models.TextField(blank=True, max_length=4000)),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deals",
                        to="customers.customer",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "distributor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deals",
                        to="organisations.distributor",
                        verbose_name="distributor",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="programme.edition",
                    ),
                ),
                (
                    "endorsed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="looked after by",
                    ),
                ),
                (
                    "order_confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order_disputed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order_reported_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deals",
                        to="organisations.partner",
                        verbose_name="partner",
                    ),
                ),
                (
                    "product_group",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deals",
                        to="catalogue.productgroup",
                        verbose_name="product group",
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="registered by",
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "deal",
                "verbose_name_plural": "deals",
                "ordering": ["-submitted_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Conflict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reasons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24), default=list, size=None
                    ),
                ),
                ("found_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("earlier_stands", "The earlier registration stands"),
                            ("different", "Two different opportunities"),
                            ("later_prevails", "The later registration prevails"),
                            ("lapsed", "Settled by itself: one of the registrations ended"),
                            ("parted", "Settled by itself: the two customers are no longer one record"),
                            (
                                "corrected",
                                "Settled by itself: corrected details show two different customers",
                            ),
                        ],
                        max_length=16,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True, max_length=4000)),
                ("settled_before", models.JSONField(blank=True, default=list)),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "earlier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conflicts_as_earlier",
                        to="deals.deal",
                    ),
                ),
                (
                    "later",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="conflicts", to="deals.deal"
                    ),
                ),
            ],
            options={
                "ordering": ["found_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("author_organisation", models.CharField(max_length=200)),
                ("is_internal", models.BooleanField(default=False)),
                ("text", models.TextField(max_length=4000, verbose_name="comment")),
                ("at", models.DateTimeField()),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="deals.deal"
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("half_time_at", models.DateTimeField()),
                ("half_time_told_at", models.DateTimeField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("text", models.TextField(max_length=4000)),
                ("filed_at", models.DateTimeField()),
                ("rejected_at", models.DateTimeField()),
                (
                    "rejection_code",
                    models.CharField(
                        choices=[
                            ("not_new_business", "Not new business for this product group"),
                            ("already_taken", "This opportunity cannot be registered"),
                            ("no_engagement", "Too little engagement with the customer shown"),
                            ("incomplete", "Information missing or not plausible"),
                            ("not_eligible", "Conditions of the programme not met"),
                            (
                                "customer_objects",
                                "The customer does not know of or objects to the registration",
                            ),
                            ("other", "Another reason"),
                            ("overruled", "Another decision on the opportunity by the channel manager"),
                        ],
                        max_length=24,
                    ),
                ),
                ("rejection_text", models.TextField(max_length=4000)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("upheld", "The decision stands"),
                            ("facts_wrong", "Overturned: the facts were wrong"),
                            ("new_evidence", "Overturned: new evidence"),
                            ("rule_misapplied", "Overturned: the rule was misapplied"),
                            ("not_explained", "Overturned: the refusal was not explained"),
                        ],
                        max_length=24,
                    ),
                ),
                ("outcome_text", models.TextField(blank=True, max_length=4000)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "filed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rejected_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appeal", to="deals.deal"
                    ),
                ),
            ],
            options={
                "ordering": ["due_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "To be decided"),
                            ("effective", "Took effect at once"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Settled by the end of the deal"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("reason", models.TextField(max_length=4000)),
                ("before", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("after", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("currency", models.CharField(max_length=3)),
                ("amount_before", models.DecimalField(decimal_places=2, max_digits=14)),
                ("amount_after", models.DecimalField(decimal_places=2, max_digits=14)),
                ("amount_approved", models.DecimalField(decimal_places=2, max_digits=14)),
                (
                    "step",
                    models.CharField(
                        blank=True,
                        choices=[("distributor", "Distributor"), ("vendor", "Channel manager")],
                        max_length=12,
                    ),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("half_time_at", models.DateTimeField(null=True)),
                ("half_time_told_at", models.DateTimeField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("vendor_may_decide_at", models.DateTimeField(null=True)),
                ("silence_told_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision_text", models.TextField(blank=True, max_length=4000)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="amendments",
                        to="deals.deal",
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="DealLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "nodes",
                    models.PositiveIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="nodes",
                    ),
                ),
                ("term_months", models.PositiveSmallIntegerField(verbose_name="term in months")),
                (
                    "per_node",
                    models.DecimalField(decimal_places=2, max_digits=12, verbose_name="price per node"),
                ),
                (
                    "list_amount",
                    models.DecimalField(decimal_places=2, max_digits=14, verbose_name="list price"),
                ),
                (
                    "end_user_discount",
                    models.DecimalField(
                        db_default=Decimal("0"), decimal_places=2, default=Decimal("0"), max_digits=14
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="deals.deal"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="catalogue.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="DiscountRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("half_time_at", models.DateTimeField()),
                ("half_time_told_at", models.DateTimeField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(max_length=4000)),
                ("competitor", models.CharField(blank=True, max_length=120)),
                ("currency", models.CharField(max_length=3)),
                ("asked_amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("asked_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "Waits for the channel manager"),
                            ("granted", "Granted"),
                            ("partly", "Granted in part"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed with the deal"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                (
                    "granted_amount",
                    models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=14),
                ),
                ("outcome_text", models.TextField(blank=True, max_length=4000)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="discount_requests",
                        to="deals.deal",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="DiscountLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("nodes", models.PositiveIntegerField()),
                ("term_months", models.PositiveSmallIntegerField()),
                ("list_amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("asked_amount", models.DecimalField(decimal_places=2, max_digits=14)),
                (
                    "granted_amount",
                    models.DecimalField(decimal_places=2, default=Decimal("0"), max_digits=14),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalogue.product"
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="deals.discountrequest",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="DistributorChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "after",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.distributor",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organisations.distributor",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="distributor_changes",
                        to="deals.deal",
                    ),
                ),
            ],
            options={
                "ordering": ["changed_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("meeting", "Minutes of a meeting"),
                            ("demo", "Demonstration"),
                            ("poc", "Proof of concept"),
                            ("offer", "Quotation"),
                            ("tender", "Tender document"),
                            ("correspondence", "Correspondence"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                ("dated_on", models.DateField(verbose_name="date")),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="evidence", to="deals.deal"
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="documents.document"
                    ),
                ),
            ],
            options={
                "ordering": ["dated_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Extension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "To be decided"),
                            ("granted", "Granted"),
                            ("refused", "Refused"),
                            ("lapsed", "Settled by the end of the deal"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[("distributor", "Distributor"), ("vendor", "Channel manager")], max_length=12
                    ),
                ),
                ("until_before", models.DateField()),
                ("days_asked", models.PositiveSmallIntegerField(verbose_name="days asked for")),
                ("expected_close_on", models.DateField(verbose_name="expected closing date")),
                ("asked_at", models.DateTimeField()),
                ("decision_due_at", models.DateTimeField(verbose_name="decision due")),
                ("half_time_at", models.DateTimeField()),
                ("half_time_told_at", models.DateTimeField(null=True)),
                ("overdue_told_at", models.DateTimeField(null=True)),
                ("vendor_may_decide_at", models.DateTimeField(null=True)),
                ("silence_told_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("in_distributors_place", models.BooleanField(default=False)),
                ("days_granted", models.PositiveSmallIntegerField(null=True)),
                ("until_after", models.DateField(null=True)),
                (
                    "refusal_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_progress", "Too little progress shown"),
                            ("not_plausible", "The new closing date is not plausible"),
                            (
                                "customer_objects",
                                "The customer no longer pursues the project with this partner",
                            ),
                            ("other", "Another reason"),
                        ],
                        max_length=24,
                    ),
                ),
                ("decision_text", models.TextField(blank=True, max_length=4000)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="extensions",
                        to="deals.deal",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Mention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="deals.comment",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Progress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("happened_on", models.DateField(verbose_name="date")),
                ("text", models.TextField(max_length=1000, verbose_name="what happened")),
                (
                    "extension",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="progress",
                        to="deals.extension",
                    ),
                ),
            ],
            options={
                "ordering": ["happened_on", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("text", models.TextField(max_length=4000, verbose_name="question")),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), default=list, size=None
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(blank=True, max_length=4000, verbose_name="answer")),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="questions", to="deals.deal"
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at"],
            },
        ),
        migrations.CreateModel(
            name="RevocationNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("customer_choice", "The customer's own written choice"),
                            ("untrue_statement", "Untrue statement in the registration"),
                            ("authorisation_ended", "The partner's authorisation has ended"),
                            ("overruled", "Another decision on the opportunity by the channel manager"),
                        ],
                        max_length=24,
                    ),
                ),
                ("facts", models.TextField(max_length=4000)),
                ("announced_at", models.DateTimeField()),
                ("statement_until", models.DateTimeField()),
                ("statement", models.TextField(blank=True, max_length=4000)),
                ("stated_at", models.DateTimeField(null=True)),
                ("heard_told_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("open", "The partner is heard"),
                            ("revoked", "Protection revoked"),
                            ("dropped", "Not revoked"),
                            ("lapsed", "Lapsed: the deal has ended otherwise"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("outcome_text", models.TextField(blank=True, max_length=4000)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "announced_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revocation_notices",
                        to="deals.deal",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["announced_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="RevocationEvidence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="documents.document",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="deals.revocationnotice",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ToldApart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("reason", models.TextField(max_length=4000)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="customers.customer"
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="told_apart",
                        to="deals.deal",
                    ),
                ),
            ],
            options={
                "ordering": ["at", "pk"],
            },
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["partner", "status"], name="deal_partner_status"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["partner", "-changed_at"], name="deal_partner_changed"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["distributor", "status"], name="deal_distributor_status"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["-submitted_at", "-id"], name="deal_submitted"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status", "submitted")),
                fields=["distributor", "decision_due_at"],
                name="deal_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status__in", ["submitted", "information_requested", "approved"])),
                fields=["customer", "product_group"],
                name="deal_active_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status", "approved")), fields=["protected_until"], name="deal_protection"
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=django.contrib.postgres.indexes.GinIndex(
                portal.core.name_search.NamePieces("customer_name"), name="deal_customer_name_pieces"
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status", "submitted")), fields=["decision_due_at"], name="deal_due"
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status", "submitted"), ("step", "distributor")),
                fields=["vendor_may_decide_at"],
                name="deal_silence",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("decision_working_time__isnull", False)),
                fields=["decided_at"],
                include=("distributor", "decision_working_time", "decided_late"),
                name="deal_decision_times",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(
                    ("order_confirmed_at", None), ("order_reminded_at", None), ("status", "won")
                ),
                fields=["order_due_at"],
                name="deal_order_due",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("retry_told_at", None), ("status", "lost")),
                fields=["retry_on"],
                name="deal_retry",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("status", "lost")), fields=["ended_on", "loss_code"], name="deal_losses"
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("look_due_at__isnull", False)),
                fields=["submitted_at"],
                name="deal_look_due",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(
                condition=models.Q(("submitted_at__isnull", False)),
                fields=["registered_by", "submitted_at"],
                name="deal_registrant",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "approved")),
                fields=("customer", "product_group"),
                name="deal_one_protected",
                violation_error_message="Another deal for this customer and product group is protected.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "draft"),
                    models.Q(
                        ("ceiling_pct__isnull", False),
                        ("distributor__isnull", False),
                        ("edition__isnull", False),
                        ("nodes__isnull", False),
                        ("product_group__isnull", False),
                        ("submitted_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="deal_submitted_complete",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "draft"),
                    ("customer__isnull", False),
                    ("look_due_at__isnull", False),
                    _connector="OR",
                ),
                name="deal_recognised_or_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("registered_by")), _negated=True),
                    _connector="OR",
                ),
                name="deal_not_decided_by_registrant",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("endorsed_by", None),
                    models.Q(("endorsed_by", models.F("registered_by")), _negated=True),
                    _connector="OR",
                ),
                name="deal_not_endorsed_by_registrant",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("granted_pct", None),
                    models.Q(("granted_pct__gte", 0), ("granted_pct__lte", models.F("ceiling_pct"))),
                    _connector="OR",
                ),
                name="deal_granted_within_ceiling",
                violation_error_message="The discount lies above the ceiling.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("proposed_pct", None),
                    models.Q(("proposed_pct__gte", 0), ("proposed_pct__lte", models.F("ceiling_pct"))),
                    _connector="OR",
                ),
                name="deal_proposed_within_ceiling",
                violation_error_message="The discount lies above the ceiling.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("customer__isnull", False),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("granted_pct__isnull", False),
                        ("protected_until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="deal_approved_is_protected",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("needs_vendor", True), ("on_behalf", False), ("status", "approved"), _negated=True
                    ),
                    ("endorsed_at__isnull", False),
                    ("reinstated_at__isnull", False),
                    ("in_distributors_place", True),
                    _connector="OR",
                ),
                name="deal_approved_was_endorsed",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("in_distributors_place", False),
                    models.Q(
                        ("decided_at__gte", models.F("vendor_may_decide_at")),
                        ("endorsed_at", None),
                        ("vendor_may_decide_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="deal_in_place_after_silence",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(("protection_held", False), ("status", "approved"), _connector="OR"),
                name="deal_held_is_protected",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("end_user_discount__gte", 0), ("end_user_discount__lte", models.F("list_amount"))
                ),
                name="deal_end_user_discount_within_list",
                violation_error_message="The discount is larger than the list price.",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "submitted"), _negated=True),
                    models.Q(("decision_due_at__isnull", False), ("half_time_at__isnull", False)),
                    _connector="OR",
                ),
                name="deal_submitted_has_clock",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "information_requested"), _negated=True),
                    ("clock_left__isnull", False),
                    _connector="OR",
                ),
                name="deal_asked_keeps_clock",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "rejected"), _negated=True),
                    models.Q(
                        models.Q(("rejection_code", ""), _negated=True),
                        models.Q(("decision_text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="deal_rejected_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "won"), _negated=True),
                    models.Q(
                        ("order_amount__isnull", False),
                        ("order_date__isnull", False),
                        models.Q(("order_reference", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="deal_won_names_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("order_dispute", ""), ("order_disputed_at", None), ("order_disputed_by", None)),
                    models.Q(
                        ("order_confirmed_at", None),
                        ("order_disputed_at__isnull", False),
                        ("order_disputed_by__isnull", False),
                        ("status", "won"),
                        models.Q(("order_dispute", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="deal_order_confirmed_or_disputed",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "lost"), _negated=True),
                    models.Q(("loss_code", ""), _negated=True),
                    _connector="OR",
                ),
                name="deal_lost_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "revoked"), _negated=True),
                    models.Q(
                        models.Q(("revocation_code", ""), _negated=True),
                        models.Q(("end_text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="deal_revoked_with_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deal",
            trigger=pgtrigger.compiler.Trigger(
                name="moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{approved:expired,approved:lost,approved:revoked,approved:won,draft:submitted,expired:revoked,expired:submitted,expired:won,information_requested:rejected,information_requested:submitted,information_requested:withdrawn,rejected:submitted,revoked:submitted,submitted:approved,submitted:information_requested,submitted:rejected,submitted:withdrawn,won:lost,won:submitted}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="471af5314f4f70c6f00fcea2208103101c3b5f4a",
                    operation="UPDATE",
                    pgid="pgtrigger_moves_82977",
                    table="deals_deal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deal",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_submitted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (OLD.\"status\" = 'draft'))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4a94eb6b3464ad884c7cfdfc1b78f8e9885808c4",
                    operation="DELETE",
                    pgid="pgtrigger_keep_submitted_3dabf",
                    table="deals_deal",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="conflict",
            index=models.Index(
                condition=models.Q(("outcome", "")), fields=["found_at"], name="conflict_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="conflict",
            constraint=models.UniqueConstraint(fields=("later", "earlier"), name="conflict_once"),
        ),
        migrations.AddConstraint(
            model_name="conflict",
            constraint=models.CheckConstraint(
                condition=models.Q(("later", models.F("earlier")), _negated=True), name="conflict_of_two"
            ),
        ),
        migrations.AddConstraint(
            model_name="conflict",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__in", ["", "lapsed", "parted", "corrected"]),
                    models.Q(("settled_by__isnull", False), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="conflict_settled_with_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(condition=models.Q(("outcome", "")), fields=["due_at"], name="appeal_open"),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("rejected_by")), _negated=True),
                    _connector="OR",
                ),
                name="appeal_not_decided_by_rejecter",
                violation_error_message="Who rejected the registration does not decide on the appeal.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(
                        models.Q(("decided_by", models.F("registered_by")), _negated=True),
                        models.Q(("decided_by", models.F("filed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="appeal_not_decided_by_registrant",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="appeal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("outcome", "")),
                    models.Q(
                        models.Q(("outcome", ""), _negated=True),
                        models.Q(("outcome_text", ""), _negated=True),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="appeal_decided_with_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="amendment",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["step", "due_at"], name="amendment_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")),
                fields=("deal",),
                name="amendment_one_open",
                violation_error_message="A change of this deal waits for a decision already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "open"), _negated=True),
                    models.Q(models.Q(("step", ""), _negated=True), ("due_at__isnull", False)),
                    _connector="OR",
                ),
                name="amendment_open_has_clock",
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(
                        models.Q(("decided_by", models.F("asked_by")), _negated=True),
                        models.Q(("decided_by", models.F("registered_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="amendment_not_decided_by_asker",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["approved", "refused"]), _negated=True),
                    models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                    _connector="OR",
                ),
                name="amendment_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="amendment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), _negated=True),
                    models.Q(("decision_text", ""), _negated=True),
                    _connector="OR",
                ),
                name="amendment_refused_with_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="amendment",
            trigger=pgtrigger.compiler.Trigger(
                name="amendment_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{open:approved,open:lapsed,open:refused,open:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="ce5451d57b176ef45d68ac399e8b4e55b83c7ace",
                    operation="UPDATE",
                    pgid="pgtrigger_amendment_moves_0d21f",
                    table="deals_amendment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="amendment",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_amendment",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="88eb37a104206d809aa39cdca14c213848c8ccbe",
                    operation="DELETE",
                    pgid="pgtrigger_keep_amendment_84cbe",
                    table="deals_amendment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="dealline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("end_user_discount__gte", 0), ("end_user_discount__lte", models.F("list_amount"))
                ),
                name="deal_line_discount_within_list",
                violation_error_message="The discount is larger than the list price.",
            ),
        ),
        migrations.AddIndex(
            model_name="discountrequest",
            index=models.Index(
                condition=models.Q(("outcome", "open")), fields=["due_at"], name="discount_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="discountrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "open")),
                fields=("deal",),
                name="discount_one_open",
                violation_error_message="A request for this deal is open already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="discountrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("asked_amount__gt", 0),
                    ("granted_amount__gte", 0),
                    ("granted_amount__lte", models.F("asked_amount")),
                ),
                name="discount_granted_within_asked",
                violation_error_message="More than was asked for cannot be granted.",
            ),
        ),
        migrations.AddConstraint(
            model_name="discountrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["granted", "partly", "refused"]), _negated=True),
                    models.Q(
                        ("decided_by__isnull", False),
                        models.Q(("decided_by", models.F("asked_by")), _negated=True),
                        models.Q(("decided_by", models.F("registered_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="discount_not_granted_by_asker",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="discountrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["granted", "partly", "refused"]), _negated=True),
                    models.Q(("decided_at__isnull", False), models.Q(("outcome_text", ""), _negated=True)),
                    _connector="OR",
                ),
                name="discount_decided_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="discountline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("asked_amount__gte", 0),
                    ("asked_amount__lte", models.F("list_amount")),
                    ("granted_amount__gte", 0),
                    ("granted_amount__lte", models.F("asked_amount")),
                ),
                name="discount_line_within_list",
            ),
        ),
        migrations.AddConstraint(
            model_name="distributorchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("before", models.F("after")), _negated=True),
                name="distributor_change_of_two",
            ),
        ),
        migrations.AddIndex(
            model_name="extension",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["step", "decision_due_at"],
                name="extension_queue",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                fields=("deal", "until_before"),
                name="extension_once",
                violation_error_message="An extension has been asked for already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "pending")), fields=("deal",), name="extension_one_pending"
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="extension_not_decided_by_asker",
                violation_error_message="Nobody decides on a deal that they registered.",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(("days_asked__gte", 1)), name="extension_asks_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("status", "pending")),
                    models.Q(("decided_at__isnull", False), ("status", "lapsed")),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        ("status__in", ["granted", "refused"]),
                    ),
                    _connector="OR",
                ),
                name="extension_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "granted"), _negated=True),
                    models.Q(
                        ("days_granted__gte", 1),
                        ("days_granted__lte", models.F("days_asked")),
                        ("until_after__gt", models.F("until_before")),
                    ),
                    _connector="OR",
                ),
                name="extension_granted_as_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), _negated=True),
                    models.Q(
                        models.Q(("refusal_code", ""), _negated=True),
                        models.Q(("decision_text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="extension_refused_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="extension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("in_distributors_place", False),
                    models.Q(
                        ("decided_at__gte", models.F("vendor_may_decide_at")),
                        ("vendor_may_decide_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="extension_in_place_after_silence",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="extension",
            trigger=pgtrigger.compiler.Trigger(
                name="extension_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{pending:granted,pending:lapsed,pending:refused}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="4526a4e5d1fb8f4c061751757bb971afa140fa6e",
                    operation="UPDATE",
                    pgid="pgtrigger_extension_moves_47f7d",
                    table="deals_extension",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="extension",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_extension",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="c4e71220d163b7afd799c773977784886ae573b6",
                    operation="DELETE",
                    pgid="pgtrigger_keep_extension_17ea9",
                    table="deals_extension",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="mention",
            constraint=models.UniqueConstraint(fields=("comment", "person"), name="mention_once"),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint(
                condition=models.Q(("answered_at", None)), fields=("deal",), name="question_one_open"
            ),
        ),
        migrations.AddIndex(
            model_name="revocationnotice",
            index=models.Index(
                condition=models.Q(("outcome", "open")), fields=["statement_until"], name="revocation_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="revocationnotice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outcome", "open")),
                fields=("deal",),
                name="revocation_one_open",
                violation_error_message="A revocation of this protection has been announced already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="revocationnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome__in", ["revoked", "dropped"]), _negated=True),
                    models.Q(
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                        models.Q(("outcome_text", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="revocation_decided_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="toldapart",
            constraint=models.UniqueConstraint(fields=("deal", "customer"), name="told_apart_once"),
        ),
        migrations.AddConstraint(
            model_name="toldapart",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="told_apart_with_reason"
            ),
        ),
    ]
