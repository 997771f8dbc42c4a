"""What a reader of a store may ask: runs, studies, samples. It reads bundles and computes no finding of its own.

The one door for pages: all that they need of the house has its name here.
"""

from harness.frameworks import Framework, frameworks
from harness.query.access import Role
from harness.query.library import Library, Listed, open_library
from harness.query.samples import LONGEST_PAGE, Filter, Page, Sample, count_outcomes, page_of, reveal
from harness.records import Absence, Better, Estimate, GateResult
from harness.report.figures import amount, dataset_words, plural, slice_words
from harness.report.findings import MetricPart, Section
from harness.report.overview import RULINGS
from harness.report.view import RunView
from harness.text.safe import printable

__all__ = [
    "LONGEST_PAGE",
    "RULINGS",
    "Absence",
    "Better",
    "Estimate",
    "Filter",
    "Framework",
    "GateResult",
    "Library",
    "Listed",
    "MetricPart",
    "Page",
    "Role",
    "RunView",
    "Sample",
    "Section",
    "amount",
    "count_outcomes",
    "dataset_words",
    "frameworks",
    "open_library",
    "page_of",
    "plural",
    "printable",
    "reveal",
    "slice_words",
]
