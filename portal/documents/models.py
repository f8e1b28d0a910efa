import uuid

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User


def private_path(document: "Document", filename: str) -> str:
    """Stored under the random id alone: names that people give never reach the file system."""
    return f"{document.id.hex[:2]}/{document.id.hex}"


class DocumentQuerySet(models.QuerySet["Document"]):
    def about(self, subject: models.Model) -> "DocumentQuerySet":
        return self.filter(subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk)

    def visible_to(self, user: User) -> "DocumentQuerySet":
        """The files whose subject the user may see: the subject's own model decides. Costs one query
        more than the list itself, which asks the index once for each kind of record."""
        visible = models.Q(pk__in=[])
        with_files = Document.objects.filter(subject_type=models.OuterRef("pk"))
        for content_type in ContentType.objects.filter(models.Exists(with_files)):
            model = content_type.model_class()
            if model is not None and hasattr(model._default_manager, "visible_to"):
                subjects = model._default_manager.visible_to(user).order_by().values("pk")
                visible |= models.Q(subject_type=content_type, subject_id__in=subjects)
        return self.filter(visible)


class Document(models.Model):
    """A private file that hangs on a record; whoever may see the record may open the file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    subject_id = models.BigIntegerField()
    subject = GenericForeignKey("subject_type", "subject_id")
    file = models.FileField(_("file"), upload_to=private_path)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = DocumentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="document_subject")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("documents:download", args=[self.pk])
