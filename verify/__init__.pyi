from . import strategies as strategies
from .agreement import (
    Agreement as Agreement,
)
from .agreement import (
    Budget as Budget,
)
from .agreement import (
    BudgetError as BudgetError,
)
from .assertions import assert_agrees as assert_agrees
from .checks import Check as Check
from .checks import CheckResult as CheckResult
from .checks import Wrong as Wrong
from .checks import checks as checks
from .checks import checks_budget as checks_budget
from .checks import group_verdicts as group_verdicts
from .counting import Counts as Counts
from .counting import count as count
from .diagnose import Diagnosis as Diagnosis
from .diagnose import diagnose as diagnose
from .eprocess import EProcess as EProcess
from .figures import Plot as Plot
from .intervals import (
    binomial_interval as binomial_interval,
)
from .intervals import (
    bounded_mean_interval as bounded_mean_interval,
)
from .intervals import normal_interval as normal_interval
from .intervals import (
    normal_mean_interval as normal_mean_interval,
)
from .intervals import (
    poisson_interval as poisson_interval,
)
from .intervals import (
    samples_needed as samples_needed,
)
from .intervals import (
    smallest_binomial_deviation as smallest_binomial_deviation,
)
from .intervals import (
    smallest_mean_deviation as smallest_mean_deviation,
)
from .intervals import (
    smallest_poisson_deviation as smallest_poisson_deviation,
)
from .kept import keep_in as keep_in
from .kept import kept as kept
from .kept import kept_folder as kept_folder
from .latex import LatexCheck as LatexCheck
from .latex import check_latex as check_latex
from .measured import MeasuredCount as MeasuredCount
from .measured import TrainingBand as TrainingBand
from .measured import measured_counts as measured_counts
from .measured import training_band as training_band
from .oracles import enumerated_exclusion_law as enumerated_exclusion_law
from .oracles import enumerated_independent_law as enumerated_independent_law
from .oracles import finite_difference_gradient as finite_difference_gradient
from .oracles import slow_polysemantic_neurons as slow_polysemantic_neurons
from .predict_cooccurrence import data_model as data_model
from .predict_cooccurrence import predict_cooccurrence as predict_cooccurrence
from .predict_cooccurrence import warning_of as warning_of
from .predict_noise import noise_final_state as noise_final_state
from .predict_noise import predict_noise as predict_noise
from .predictions import Prediction as Prediction
from .predictions import Predictions as Predictions
from .predictions import predict as predict
from .published import PublishedCount as PublishedCount
from .published import published_counts as published_counts
from .report import Chapter as Chapter
from .report import write_report as write_report
from .rounding import rounded as rounded
from .rounding import with_error as with_error
from .runs import Run as Run
from .runs import noise_model as noise_model
from .runs import run as run
from .standard_tables import agreements_table as agreements_table
from .standard_tables import benchmark_table as benchmark_table
from .standard_tables import claims_table as claims_table
from .standard_tables import predictions_table as predictions_table
from .standard_tables import symbols_table as symbols_table
from .sweeps import SweepSummary as SweepSummary
from .sweeps import scheduler as scheduler
from .tables import Table as Table
from .weights_file import read_weights as read_weights
