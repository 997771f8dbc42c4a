"""How does it fail? Everything that was asked about bias."""

from dashboards.family import family_page

family_page("bias")
