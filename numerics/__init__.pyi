from .autoencoder import Autoencoder as Autoencoder
from .bridge import numpy_function as numpy_function
from .collapse import critical_weight as critical_weight
from .collapse import dead_fraction as dead_fraction
from .collapse import half_collapse_lam as half_collapse_lam
from .collapse import rows_die as rows_die
from .cooccurrence import Pairs as Pairs
from .data import BernoulliInputs as BernoulliInputs
from .data import BlockInputs as BlockInputs
from .data import Data as Data
from .data import OneHotInputs as OneHotInputs
from .data import PairInputs as PairInputs
from .gradient import Forces as Forces
from .gradient import Model as Model
from .gradient import OneHot as OneHot
from .gradient import forces as forces
from .gradient import gradient as gradient
from .gradient import loss as loss
from .gradient import reconstruction_loss as reconstruction_loss
from .half_normal import HalfNormalLaw as HalfNormalLaw
from .half_normal import half_normal_law as half_normal_law
from .half_normal import half_normal_moments as half_normal_moments
from .independent_laws import IndependentNeuronsLaw as IndependentNeuronsLaw
from .independent_laws import IndependentSharedLaw as IndependentSharedLaw
from .initial import initial_scale as initial_scale
from .initial import initial_weights as initial_weights
from .interventions import AlteredInterference as AlteredInterference
from .kicks import KickRecorder as KickRecorder
from .kicks import top_kicks as top_kicks
from .laws import ExclusionLaw as ExclusionLaw
from .laws import poisson_limit as poisson_limit
from .measure import antipodal_pairs as antipodal_pairs
from .measure import dead_features as dead_features
from .measure import features_on_neurons as features_on_neurons
from .measure import live_weights as live_weights
from .measure import overlaps as overlaps
from .measure import polysemantic_neurons as polysemantic_neurons
from .measure import retained_winners as retained_winners
from .measure import row_norms as row_norms
from .measure import weight_correlation as weight_correlation
from .measure import winner_signs as winner_signs
from .measure import winners as winners
from .minibatches import Bernoulli as Bernoulli
from .noise import Noise as Noise
from .noise_average import (
    averaged_gradient as averaged_gradient,
)
from .noise_average import (
    averaged_loss as averaged_loss,
)
from .noise_average import (
    averaged_loss_and_gradient as averaged_loss_and_gradient,
)
from .noise_flow import NoiseFlow as NoiseFlow
from .noise_flow import noise_flow as noise_flow
from .noise_model import AveragedNoise as AveragedNoise
from .noise_model import SampledNoise as SampledNoise
from .optimizers import SGD as SGD
from .optimizers import AdamW as AdamW
from .optimizers import Flow as Flow
from .optimizers import Problem as Problem
from .optimizers import optimizers as optimizers
from .optimizers import resolve_optimizer as resolve_optimizer
from .optimizers import soft_threshold as soft_threshold
from .pair_problem import PairProblem as PairProblem
from .pair_problem import pair_problem as pair_problem
from .pairs_law import IndependentPairsLaw as IndependentPairsLaw
from .presets import Preset as Preset
from .presets import preset as preset
from .quasistatic import QuasiStatic as QuasiStatic
from .quasistatic import fast_phase as fast_phase
from .quasistatic import remove_positive_overlaps as remove_positive_overlaps
from .quasistatic import unit_rows as unit_rows
from .retained import retained_fraction as retained_fraction
from .retained import retained_fraction_fast as retained_fraction_fast
from .retained import retained_fraction_of_kicks as retained_fraction_of_kicks
from .retained import retained_fraction_sparse as retained_fraction_sparse
from .retained import top_weights as top_weights
from .row_flow import RowFlow as RowFlow
from .row_flow import extinction_times as extinction_times
from .row_flow import row_flow as row_flow
from .simplex import centred_simplex as centred_simplex
from .simplex import corner_simplex as corner_simplex
from .simplex import simplex_distance as simplex_distance
from .simplex import spread_rows as spread_rows
from .solution import Outcome as Outcome
from .solution import Solution as Solution
from .solution import TrainingError as TrainingError
from .suppression import collision_survives as collision_survives
from .suppression import suppression_slope as suppression_slope
from .train import Step as Step
from .train import train as train
from .two_rows import TwoRows as TwoRows
from .two_rows import two_row_prediction as two_row_prediction
from .two_rows import two_rows as two_rows
