"""How does it fail? Everything that was asked about watermark."""

from dashboards.family import family_page

family_page("watermark")
