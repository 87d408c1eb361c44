"""Stories, which group an article with its translations."""

from django.utils.translation import gettext_lazy as _

from cspa.db.natural_keys import NaturalKeyManager, UidModel


class Story(UidModel):
    """The group of an article and its translations, at most one article for each language."""

    objects = NaturalKeyManager["Story"]()

    class Meta:
        verbose_name = _("story")
        verbose_name_plural = _("stories")
        ordering = ["-pk"]

    def __str__(self) -> str:
        articles = sorted(self.articles.all(), key=lambda article: article.language)
        return articles[0].title if articles else str(self.uid)
