"""Steps of Adam: their size, their scaling, where AdamW rests, and who gains on whom."""

from functools import partial

import sympy as sp

from ..model import LONE_ROW, LOSS, MONOSEMANTIC_FORCE
from ..proof import Definition, Formula, Root, Step, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/optimizer.md"
formula = partial(Formula, source=_NOTES)

ADAM_STEP = Definition(
    name="adam_step",
    expression=s.learning_rate * s.first_moment / (sp.sqrt(s.second_moment) + s.floor),
    meaning="A step of Adam against the gradient: the learning rate times the mean of the "
    "gradient, over the root of the mean of its square (both corrected for their start at 0) and "
    "epsilon_A.",
    source="Kingma and Ba 2015, Algorithm 1",
)

adam_first_step = formula(
    name="adam_first_step",
    expression=s.learning_rate * s.slope / (s.slope + s.floor),
    arguments=(s.learning_rate, s.slope, s.floor),
    meaning="The distance by which Adam moves a weight in its first step.",
    example=">>> theory.adam_first_step(learning_rate=0.001, slope=3.0, floor=1.0)\n0.00075",
    unit="weight",
)
ADAM_FIRST_STEP = derived(
    adam_first_step,
    "The first step of Adam moves a weight by {formula}: by the learning rate, whatever the size "
    "of the gradient, if it is much larger than epsilon_A.",
    Step(
        name="one gradient",
        left=of(
            ADAM_STEP,
            build=lambda step: sp.Subs(
                step, (s.first_moment, s.second_moment), (s.slope, s.slope**2)
            ),
        ),
        reason="after one gradient the corrected moments are the gradient and its square",
    ),
)

ADAM_COMMON_FACTOR = derived(
    "adam_common_factor",
    "A common factor of the loss changes no step of Adam with epsilon_A = 0.",
    page=_NOTES,
    prose="A factor c > 0 multiplies every gradient and the first moment by c, and the second "
    "moment by c^2. The step divides the first moment by the root of the second, and c/sqrt(c^2) "
    "= 1.",
    by=(ADAM_STEP,),
)

ADAM_SCALED = derived(
    "adam_scaled_variables",
    "In x = W sqrt(m), a run of Adam with epsilon_A = 0 and no decay is a run with the learning "
    "rate eta_A sqrt(m) on the loss m sum (ReLU(x x^T/m) - I)^2 + 4 lambda sqrt(m) |x|_1: at given "
    "m, beta_1 and beta_2 it depends on lambda sqrt(m) and eta_A sqrt(m) alone.",
    page=_NOTES,
    prose="The loss by x is m times the loss by W = x/sqrt(m), as |W|_1 = |x|_1/sqrt(m), so its "
    "gradient by x is sqrt(m) times that by W: a common factor, which Adam does not see. A step of "
    "W by eta_A is one of x by eta_A sqrt(m).",
    by=(LOSS, ADAM_STEP, ADAM_COMMON_FACTOR),
)

adamw_rest_slope = formula(
    name="adamw_rest_slope",
    expression=s.floor * s.decay * s.w / (1 - s.decay * s.w),
    arguments=(s.w, s.decay, s.floor),
    meaning="The size of the gradient that balances the weight decay where AdamW rests.",
    example=">>> theory.adamw_rest_slope(weight=0.5, weight_decay=1.0, floor=1e-8)\n1e-08",
    regime=(s.decay * s.w < 1,),
    where="the weight is at rest, and Adam's memory of its way is over",
    unit="summed loss",
)
ADAMW_REST = derived(
    adamw_rest_slope,
    "A weight w at rest under AdamW has a gradient of size {formula}. It is of the size of "
    "epsilon_A, so the weight decay leaves the weight where the loss alone would put it; for "
    "d_w w >= 1 no gradient is large enough, and the weight cannot rest.",
    Step(
        name="step equals decay",
        left=of(
            ADAM_STEP,
            build=lambda step: Root(
                step.subs({s.first_moment: s.slope, s.second_moment: s.slope**2}) / s.learning_rate
                - s.decay * s.w,
                s.slope,
                0,
                s.floor / (1 - s.decay * s.w),
            ),
        ),
        reason="at rest both moments are those of one gradient, and a step of Adam undoes the "
        "decay eta_A d_w w",
        assumptions=(s.decay * s.w < 1,),
    ),
)

adamw_amplitude_shift = formula(
    name="adamw_amplitude_shift",
    expression=adamw_rest_slope.expression / (4 * (3 * s.w**2 - 1)),
    arguments=(s.w, s.decay, s.floor),
    meaning="How far AdamW rests below the weight at which l1 and the error balance.",
    example=">>> round(theory.adamw_amplitude_shift(weight=1, weight_decay=0.2, floor=0.0032), 9)\n"
    "0.0001",
    regime=(s.decay * s.w < 1, 3 * s.w**2 > 1),
    error="O(epsilon_A^2)",
    unit="weight",
)
ADAMW_AMPLITUDE_SHIFT = derived(
    adamw_amplitude_shift,
    "The only weight of a row rests under AdamW {formula} below the weight w at which the error "
    "and l1 balance.",
    Step(
        name="gradient over its slope",
        left=of(
            ADAMW_REST, MONOSEMANTIC_FORCE, build=lambda rest, force: -rest / (4 * force.diff(s.w))
        ),
        reason="the gradient is -4 times the force, which vanishes at w",
    ),
)

decay_as_l2 = formula(
    name="decay_as_l2",
    expression=s.decay * (sp.sqrt(s.second_moment) + s.floor) / 4,
    arguments=(s.decay, s.second_moment, s.floor),
    meaning="The weight of the l2 regulariser that acts at rest as the weight decay of AdamW.",
    example=">>> theory.decay_as_l2(weight_decay=0.5, second_moment=0.25, floor=0.25)\n0.09375",
    where="the second moment stays as it is",
    unit="flow",
)
DECAY_AS_L2 = derived(
    decay_as_l2,
    "Where noise keeps the second moment at v_A, the weight decay of AdamW acts on a weight at "
    "rest as an l2 regulariser of weight {formula}, whose gradient is 4 times its weight times w.",
    Step(
        name="balance",
        left=of(
            ADAM_STEP,
            build=lambda step: (
                s.decay * s.w / (sp.Subs(step, s.first_moment, 1) / s.learning_rate) / (4 * s.w)
            ),
        ),
        reason="the mean gradient that undoes the decay eta_A d_w w, over that of l2 of weight 1",
    ),
)

adam_response = formula(
    name="adam_response",
    expression=s.first_moment / sp.sqrt(s.second_moment) * (s.change - s.remembered_change),
    arguments=(s.first_moment, s.second_moment, s.change, s.remembered_change),
    meaning="How fast a small lead of one weight over another grows, over the learning rate.",
    example=">>> theory.adam_response(\n"
    "...     first_moment=1.0, second_moment=4.0, change=0.5, remembered_change=0.25\n"
    "... )\n0.125",
    where="beta_1 = 0, epsilon_A = 0; to first order in the lead",
)
ADAM_RESPONSE = derived(
    adam_response,
    "A small lead of one weight over another under Adam with beta_1 = 0 grows at the rate "
    "{formula} times the learning rate and the lead: only a change of the gradient that exceeds "
    "its remembered mean counts.",
    Step(
        name="differentiate the step",
        left=of(
            ADAM_STEP,
            build=lambda step: sp.Subs(
                sp.Derivative(
                    step.subs(
                        {
                            s.floor: 0,
                            s.first_moment: s.first_moment * (1 + s.gap * s.change),
                            s.second_moment: s.second_moment
                            * (1 + 2 * s.gap * s.remembered_change),
                        },
                        simultaneous=True,
                    )
                    / s.learning_rate,
                    s.gap,
                ),
                s.gap,
                0,
            ),
        ),
        reason="with beta_1 = 0 the first moment u_A is the gradient; a lead Delta changes it by "
        "the factor 1 + rho_g Delta, and the past gradients by 1 + rho_v Delta on average, so that "
        "their mean square changes by 1 + 2 rho_v Delta to first order",
    ),
)

SIGN_DESCENT_ORDER = derived(
    "sign_descent_order",
    "Under sign descent the weight of a lone row that is largest at the start stays the largest, "
    "as long as it is at least two steps in size.",
    page=_NOTES,
    prose="Where the squared norm q of the row is below 1, weights above lambda/(1-q) grow by the "
    "learning rate and weights below it shrink by it; elsewhere all shrink by it. So the lead of "
    "the largest weight never falls, until a step carries a smaller weight past 0, to a size below "
    "one learning rate, which is less than what is left of the largest.",
    by=(LONE_ROW,),
)

ADAM_SELECTION = derived(
    "adam_selection",
    "In a wide lone row under Adam with a long memory the largest initial weight loses to weights "
    "of about 3.4 initial standard deviations; with a short memory it wins.",
    page=_NOTES,
)
