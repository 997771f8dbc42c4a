"""What a reader of a store may ask: runs, studies, samples. It reads bundles and computes no finding of its own.

The one door for pages: all that they need of the house has its name here.
"""

from harness.errors import AccessError, HarnessError, UsageError
from harness.evidence.manifest import Entry
from harness.frameworks import Framework, frameworks
from harness.query.access import Role
from harness.query.bias import MEASURES, Counterpart, Measure, counterparts
from harness.query.comparison import (
    AT_ONCE,
    PATIENCE,
    CellChange,
    Comparison,
    Line,
    Moved,
    change_of,
    compare,
    in_lines,
)
from harness.query.deferral import Handover, Selection, handover, selections
from harness.query.deferral_costs import Advice, advice_on, advised, handed_text
from harness.query.energy import Figure, How, Spending, figures, spending, spendings, training_figures
from harness.query.exposure import Exposures, exposures
from harness.query.flips import Flip, FlipCount, FlipPage, count_flips, flips_of
from harness.query.hallucination import FATES, Composition, composition
from harness.query.library import Library, Listed, open_library
from harness.query.membership import MembershipAttack, MembershipCurve, membership_attacks, membership_curve
from harness.query.pairing import CellPair, Pairing, pairing
from harness.query.pictures import Gallery, Panel, Picture, pictures, pictures_named
from harness.query.privacy import (
    Audited,
    Promised,
    Standing,
    StudyArm,
    Tradeoff,
    audited,
    direction,
    promised,
    tradeoffs,
)
from harness.query.remote import Mirror, open_mirror
from harness.query.robustness import Slope, slopes
from harness.query.samples import LONGEST_PAGE, OUTCOMES, Filter, Page, Sample, count_outcomes, page_of, reveal
from harness.query.studies import (
    Shipped,
    StudyListed,
    StudyRun,
    Tried,
    list_studies,
    shipped,
    study_fingerprint,
    study_runs,
    study_tried,
    view_study,
)
from harness.query.training import CurvePoint, Grid, TrainingRecord, Untold, training_record
from harness.query.training_words import curve_lines, how_lines, loss_words
from harness.query.trend import Link, TrendPoint, TrendSeries, TrendStep, trend_points, trend_series
from harness.query.watermark import SIDES, Found, found_at_levels
from harness.records import Absence, Better, Estimate, GateResult
from harness.report.figures import amount, dataset_words, plural, slice_words
from harness.report.findings import MetricPart, Section
from harness.report.overview import RULINGS
from harness.report.view import RunView
from harness.study.frontier import Traded
from harness.study.promises import Promise, PromiseRow
from harness.study.records import Compared, Effect
from harness.study.rows import EffectRow, Kind, signed
from harness.study.view import Beside, StudyPart, StudyView
from harness.text.safe import printable

__all__ = [
    "AT_ONCE",
    "FATES",
    "LONGEST_PAGE",
    "MEASURES",
    "OUTCOMES",
    "PATIENCE",
    "RULINGS",
    "SIDES",
    "Absence",
    "AccessError",
    "Advice",
    "Audited",
    "Beside",
    "Better",
    "CellChange",
    "CellPair",
    "Compared",
    "Comparison",
    "Composition",
    "Counterpart",
    "CurvePoint",
    "Effect",
    "EffectRow",
    "Entry",
    "Estimate",
    "Exposures",
    "Figure",
    "Filter",
    "Flip",
    "FlipCount",
    "FlipPage",
    "Found",
    "Framework",
    "Gallery",
    "GateResult",
    "Grid",
    "Handover",
    "HarnessError",
    "How",
    "Kind",
    "Library",
    "Line",
    "Link",
    "Listed",
    "Measure",
    "MembershipAttack",
    "MembershipCurve",
    "MetricPart",
    "Mirror",
    "Moved",
    "Page",
    "Pairing",
    "Panel",
    "Picture",
    "Promise",
    "PromiseRow",
    "Promised",
    "Role",
    "RunView",
    "Sample",
    "Section",
    "Selection",
    "Shipped",
    "Slope",
    "Spending",
    "Standing",
    "StudyArm",
    "StudyListed",
    "StudyPart",
    "StudyRun",
    "StudyView",
    "Traded",
    "Tradeoff",
    "TrainingRecord",
    "TrendPoint",
    "TrendSeries",
    "TrendStep",
    "Tried",
    "Untold",
    "UsageError",
    "advice_on",
    "advised",
    "amount",
    "audited",
    "change_of",
    "compare",
    "composition",
    "count_flips",
    "count_outcomes",
    "counterparts",
    "curve_lines",
    "dataset_words",
    "direction",
    "exposures",
    "figures",
    "flips_of",
    "found_at_levels",
    "frameworks",
    "handed_text",
    "handover",
    "how_lines",
    "in_lines",
    "list_studies",
    "loss_words",
    "membership_attacks",
    "membership_curve",
    "open_library",
    "open_mirror",
    "page_of",
    "pairing",
    "pictures",
    "pictures_named",
    "plural",
    "printable",
    "promised",
    "reveal",
    "selections",
    "shipped",
    "signed",
    "slice_words",
    "slopes",
    "spending",
    "spendings",
    "study_fingerprint",
    "study_runs",
    "study_tried",
    "tradeoffs",
    "training_figures",
    "training_record",
    "trend_points",
    "trend_series",
    "view_study",
]
