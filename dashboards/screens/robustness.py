"""How does it fail? Everything that was asked about robustness."""

from dashboards.family import family_page

family_page("robustness")
