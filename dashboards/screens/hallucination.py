"""How does it fail? Everything that was asked about hallucination."""

from dashboards.family import family_page

family_page("hallucination")
