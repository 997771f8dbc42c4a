"""How does it fail? Everything that was asked about memorisation."""

from dashboards.family import family_page

family_page("memorisation")
