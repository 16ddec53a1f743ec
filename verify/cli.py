"""The command ``polysem``: a thin shell over functions."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

import click

from .. import __version__

if TYPE_CHECKING:
    from ..theory.proof.record import Record

_USER_ERRORS = (
    ValueError,
    OSError,
    MemoryError,
    ImportError,
    ArithmeticError,
    RuntimeError,
)


class OneLineErrors(click.Group):
    """A group that answers bad input with one line and exit status 2, without usage lines."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click would print an empty line
            raise click.Abort from None

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> Any:
        extra["standalone_mode"] = False
        try:
            status = super().main(args, *rest, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            sys.exit(0)
        except click.Abort as error:
            self.fail(str(error) or "interrupted", 130)
        except click.ClickException as error:
            self.fail(error.format_message())
        except _USER_ERRORS as error:
            self.fail(_line(error))
        sys.exit(status if isinstance(status, int) else 0)

    @staticmethod
    def fail(line: str, status: int = 2) -> None:
        click.echo(printable("polysem: " + " ".join(line.split())), err=True)
        sys.exit(status)


@contextmanager
def _resumable(finished: str) -> Iterator[None]:
    """End an interrupted command with one line that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        line = f"Interrupted. Run the same command again to continue; {finished}."
        raise click.Abort(line) from None


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return (
            "No space is left on the device; free some space and run the same command again. "
            "All files written so far are complete."
        )
    if isinstance(error, OSError) and error.filename is not None:
        path = error.filename2 or error.filename
        return f"{path}: {error.strerror}; choose another path or change its permissions."
    return str(error)


def printable(text: str) -> str:
    """The text with escapes for control characters; of a file name only what is Unicode."""
    return "".join(
        letter if letter == "\n" or category(letter)[0] != "C" else _escape(letter)
        for letter in text
    )


def _escape(letter: str) -> str:
    return "\ufffd" if category(letter) == "Cs" else json.dumps(letter)[1:-1]


def show(result: dict[str, Any] | str) -> None:
    """Print a text, or a result as JSON; a number that is not finite is an error."""
    if not isinstance(result, str):
        result = json.dumps(result, indent=2, allow_nan=False, ensure_ascii=False)
    click.echo(printable(result))


def _refuse(given: dict[str, bool], allowed: bool, needed: str) -> None:
    """Raise an error for options that have no effect without another one."""
    idle = [name for name, there in given.items() if there and not allowed]
    if idle:
        raise ValueError(
            f"Got {', '.join(idle)} without {needed}; add {needed}, or remove {', '.join(idle)}."
        )


features = click.option("--features", type=int, required=True, help="Number of features n.")
neurons = click.option("--neurons", type=int, required=True, help="Number of neurons m.")
data = click.option("--data", help="How features co-occur: pairs, bernoulli or uniform.")
cooccurrence = click.option(
    "--cooccurrence", type=float, help="Weight of a pair, or probability of activity."
)


def unequal(command: Any) -> Any:
    """The options of unequal features and of dropout."""
    file = click.Path(exists=True, dir_okay=False)
    options = (
        click.option("--importance", type=file, help="File (.csv, .npy): weight of each output."),
        click.option("--frequencies", type=file, help="File: weight of each feature alone."),
        click.option("--pairs", type=file, help="File: weights of pairs, a symmetric matrix."),
        click.option("--dropout", type=float, help="Probability that a hidden neuron is dropped."),
    )
    for option in reversed(options):
        command = option(command)
    return command


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_option = click.option(
    "--device", help="Where to train: cpu, or a device of PyTorch, as cuda.  [default: cpu]"
)
dtype_option = click.option(
    "--dtype", help="Type of the weights: float64 or float32.  [default: float64]"
)


def _numbers(**paths: str | None) -> dict[str, Any]:
    """The numbers in the files that are given."""
    from .features.files import read_numbers

    return {name: read_numbers(path) for name, path in paths.items() if path is not None}


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="polysem")
def main() -> None:
    """The theory of incidental polysemanticity: predict, train, compare."""


@main.command()
@features
@neurons
@click.option("--l1", type=float, help="The paper's lambda; without it the limit lambda -> 0.")
@click.option("--optimizer", default="flow", show_default=True, help="flow, quasistatic or adamw.")
@click.option("--sigma", type=float, help="Standard deviation of the noise on a neuron.")
@click.option("--kurtosis", type=float, help="Its excess kurtosis: bipolar -2, Gaussian 0.")
@click.option(
    "--learning-rate",
    type=float,
    help="Learning rate of adamw, and for half times in steps.  [default: 0.02, adamw: 0.001]",
)
@click.option("--beta2", type=float, help="For adamw: the rate of the second moment.")
@click.option("--steps", type=int, help="For adamw: the number of steps.")
@data
@cooccurrence
@click.option("--all", "details", is_flag=True, help="Print meaning, error and source of each.")
@unequal
@as_json
def predict(
    features: int,
    neurons: int,
    l1: float | None,
    optimizer: str,
    sigma: float | None,
    kurtosis: float | None,
    learning_rate: float | None,
    details: bool,
    importance: str | None,
    frequencies: str | None,
    pairs: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Print how many polysemantic neurons to expect, and all closed forms that apply."""
    from .predict import predict as predictions
    from .prediction import wrapped

    files = _numbers(importance=importance, frequencies=frequencies, pairs=pairs)
    if optimizer != "adamw":
        _refuse({"--learning-rate": learning_rate is not None}, sigma is not None, "--sigma")
    result = predictions(
        features,
        neurons,
        lam=l1,
        optimizer=optimizer,
        sigma=sigma,
        kurtosis=kurtosis,
        learning_rate=learning_rate,
        **files,
        **more,
    )
    state: dict[str, Any] = {}
    if sigma is not None and kurtosis is not None:
        from .noise.predict import noise_final_state

        words = noise_final_state(features, neurons, sigma=sigma, kurtosis=kurtosis)
        state = {"final_state": words}
    if files and l1 is not None:
        from .features.predict import predict_features, unequal_model

        each = predict_features(unequal_model(features, **files), neurons, lam=l1)
        state["features"] = each.to_dict() if as_json else f"\n{each.text()}"
    if as_json:
        for prediction in result.values():
            if prediction.warning:
                click.echo(printable(f"polysem: warning: {prediction.warning}"), err=True)
        show(result.to_dict() | state)
    else:
        lines = [line for name, words in state.items() for line in wrapped(f"{name}: ", words)]
        show("\n".join([result.text(details=details), *lines]))


@main.command()
@features
@neurons
@click.option("--l1", type=float, required=True, help="The paper's lambda.")
@click.option("--learning-rate", type=float, help="Of AdamW.  [default: 0.001]")
@click.option("--beta2", type=float, help="Its rate of the second moment.  [default: 0.999]")
@click.option(
    "--probability-none",
    type=float,
    default=0.9,
    show_default=True,
    help="Wanted probability that no neuron is polysemantic.",
)
@as_json
def advise(
    features: int,
    neurons: int,
    l1: float,
    learning_rate: float | None,
    beta2: float | None,
    probability_none: float,
    as_json: bool,
) -> None:
    """Print what to change in a training by AdamW so that no neuron is polysemantic."""
    from .optimizer.advise import advise as advice
    from .optimizer.predict import adam

    found = advice(
        features,
        neurons,
        l1,
        optimizer=adam(learning_rate, beta2),
        probability_none=probability_none,
    )
    show(found.to_dict() if as_json else found.text())


@main.command()
@features
@neurons
@click.option("--l1", type=float, required=True, help="The paper's lambda.")
@click.option(
    "--optimizer",
    default="flow",
    show_default=True,
    help="flow, splitting, quasistatic, sgd, adamw, rmsprop or lion.",
)
@click.option("--seed", type=int, required=True, help="Root of the initial weights.")
@click.option("--learning-rate", type=float, help="For sgd, adamw, rmsprop and lion.")
@click.option("--steps", type=int, help="For sgd, adamw, rmsprop and lion.")
@click.option("--warm-up", type=int, help="Steps in which the learning rate rises from 0.")
@click.option("--decay", help="Of the learning rate: constant or cosine.  [default: constant]")
@click.option("--momentum", type=float, help="For sgd: the part of the sum that a step keeps.")
@click.option("--betas", type=(float, float), help="For adamw and lion: the two rates.")
@click.option("--beta2", type=float, help="For rmsprop: the rate of the second moment.")
@click.option("--max-time", type=float, help="For the flow: stop at this flow time.")
@click.option(
    "--noise", "law", help="Noise on the hidden layer: bipolar, gaussian, uniform, laplace, ..."
)
@click.option("--sigma", type=float, help="Standard deviation of the noise on a neuron.")
@click.option("--kurtosis", type=float, help="Excess kurtosis, for --noise three-point.")
@click.option("--draws", help="For --noise: shared or independent.  [default: shared]")
@click.option(
    "--dead-below",
    type=float,
    help="Largest length of a dead row.  [default: 0; with l1 0.2 for sgd, adamw, rmsprop, lion]",
)
@click.option("--untied", is_flag=True, help="Train a decoder with weights of its own.")
@click.option("--bias", is_flag=True, help="Train a bias on the outputs.")
@click.option(
    "--data",
    help="How features co-occur: pairs, bernoulli, uniform, or in two blocks: blocks (values 1), "
    "uniform-blocks (values uniform on [0, 1]).",
)
@cooccurrence
@unequal
@device_option
@dtype_option
@as_json
def train(
    features: int, neurons: int, l1: float, optimizer: str, seed: int, as_json: bool, **options: Any
) -> None:
    """Train one network and report counts, norms and outcome.

    With --noise the flow descends the exactly averaged loss, the optimizers that take steps draw
    the noise anew at every step. With --untied the counts and norms are those of the encoder.
    """
    from ..numerics import RateSchedule, training_on
    from .runs import run, training_model

    given = {name: value for name, value in options.items() if value is not None}
    noisy = "law" in given or "sigma" in given
    _refuse({"--kurtosis": "kurtosis" in given, "--draws": "draws" in given}, noisy, "--noise")
    place = {name: given.pop(name) for name in ("device", "dtype") if name in given}
    descent = ("learning_rate", "steps", "max_time", "dead_below", "momentum", "betas", "beta2")
    settings = {name: given.pop(name) for name in descent if name in given}
    schedule = {name: given.pop(name) for name in ("warm_up", "decay") if name in given}
    if schedule:
        settings["schedule"] = RateSchedule(**schedule)
    rate = l1 if l1 > 0 else given.get("cooccurrence", 0.0)
    if given.get("data", "pairs") != "pairs" and optimizer == "flow" and rate:
        # with sampled data the weights never rest
        settings.setdefault("max_time", 10 / rate)
    names = ("importance", "frequencies", "pairs")
    given |= _numbers(**{name: given.pop(name, None) for name in names})
    model = training_model(**given, features=features, averaged=optimizer == "flow")
    with training_on(**place):
        result = run(
            features,
            neurons,
            l1,
            optimizer=optimizer,
            seed=seed,
            model=model,
            partial=True,
            **settings,
        )
    if as_json or not result.failed:
        show(result.to_dict() if as_json else result.text())
    if result.failed:
        raise click.ClickException(result.outcome_sentence)
    if result.outcome == "interrupted":
        raise click.Abort(result.outcome_sentence)


@main.command()
@click.argument("weights", nargs=-1, required=True, type=click.Path(exists=True))
@click.option(
    "--layout",
    type=click.Choice(["features-first", "neurons-first"]),
    help="Whether a row of the array is a feature or a neuron.",
)
@click.option("--array", help="Name of the array in a file that holds several, such as model.W.")
@click.option(
    "--null",
    default="exclusion",
    show_default=True,
    help="Law of the count: exclusion or independent.",
)
@click.option(
    "--optimizer", help="Compare with the law of trained networks: flow, quasistatic or adamw."
)
@click.option("--l1", "lam", type=float, help="The paper's lambda, for --optimizer.")
@click.option(
    "--significance",
    type=float,
    default=0.01,
    show_default=True,
    help="A p-value below this rejects a law.",
)
@click.option(
    "--dead-below",
    type=float,
    default=0.2,
    show_default=True,
    help="A row no longer than this fraction of the longest is dead.",
)
@click.option("--neurons", "listed", is_flag=True, help="List the neurons with their features.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False), help="File for that list.")
@click.option("--latex", is_flag=True, help="Print a row of a LaTeX table.")
@click.option("--figure", type=click.Path(file_okay=False), help="Folder for a figure.")
@as_json
def diagnose(
    weights: tuple[str, ...],
    array: str | None,
    listed: bool,
    csv_file: str | None,
    latex: bool,
    figure: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Is the polysemanticity in WEIGHTS (.npy, .npz, .safetensors, .pt) what chance predicts?

    Several files, or a folder, are the checkpoints of a run; those in a folder are taken in the
    order of the last number in their names.
    """
    from ..numerics._files import named_path, writable_folder, write_text
    from .diagnosis.diagnose import diagnose as diagnosis
    from .diagnosis.files import read_weights
    from .diagnosis.neurons import table_csv, table_text

    if latex and as_json:
        raise ValueError("Got --latex and --json; give one of them.")
    if figure is not None:
        writable_folder(figure)
    if len(weights) > 1 or Path(weights[0]).is_dir():
        several = {"--neurons": listed, "--csv": csv_file is not None, "--latex": latex}
        _refuse(several, False, "a single file")
        return _diagnose_run(weights, array, figure, as_json, options)
    values, name = read_weights(weights[0], array=array)
    with _both_readings():
        found = diagnosis(values, **options)
    if csv_file is not None:
        write_text(named_path("csv", csv_file), table_csv(found.carried))
    if figure is not None:
        found.plot().write(figure)
    if as_json:
        table = {"neuron_table": [one.to_dict() for one in found.carried]}
        show({"file": weights[0], "array": name} | found.to_dict() | table)
    elif latex:
        show(found.to_latex())
    else:
        verdict, rest = found.text().split("\n", 1)
        where = f"{weights[0]}{f', array {name}' if name else ''}"
        show("\n".join([verdict, where, rest, *([table_text(found.carried)] if listed else [])]))
    return None


@contextmanager
def _both_readings() -> Iterator[None]:
    """Where an array does not tell its layout, print each reading before the error."""
    from .diagnosis.orientation import UnclearLayoutError

    try:
        yield
    except UnclearLayoutError as error:
        for reading in error.readings:
            click.echo(f"polysem: {reading}", err=True)
        shape = " x ".join(map(str, error.shape))
        raise ValueError(
            f"The array of shape {shape} alone does not tell which of these it is; give --layout "
            "features-first if a row is a feature, or --layout neurons-first if a row is a neuron."
        ) from error


def _diagnose_run(
    weights: tuple[str, ...],
    array: str | None,
    figure: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> None:
    """The checkpoints of a run: a table and a figure."""
    from .diagnosis.checkpoints import diagnose_checkpoints
    from .diagnosis.files import read_weights, weight_files

    paths = [
        path
        for given in map(Path, weights)
        for path in (weight_files(given) if given.is_dir() else [given])
    ]
    values = {str(path): read_weights(path, array=array)[0] for path in paths}
    with _both_readings():
        found = diagnose_checkpoints(values, **options)
    if figure is not None:
        found.plot().write(figure)
    show(found.to_dict() if as_json else found.text())


@main.command()
@click.argument("label", required=False)
@click.option("--recheck", is_flag=True, help="Check the derivations again.")
@click.option("--simulations", is_flag=True, help="With --recheck: run the random checks too.")
@click.option(
    "--report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --recheck: take the random checks from this report.json.",
)
@click.option("--save", is_flag=True, help="With --recheck: save the results (clone or --from).")
@click.option(
    "--from",
    "book",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Show the verify.Collection that this Python file makes; --save writes its record.",
)
@click.option("--full", is_flag=True, help="Show the whole chain from the model to LABEL.")
@as_json
def claims(
    label: str | None,
    recheck: bool,
    simulations: bool,
    report: Path | None,
    save: bool,
    book: Path | None,
    full: bool,
    as_json: bool,
) -> None:
    """List all claims, or show LABEL in full: statement, status, derivation, checks."""
    from ..theory.proof.record import Record
    from . import claims as claims_view

    _refuse(
        {"--simulations": simulations, "--report": report is not None, "--save": save},
        recheck,
        "--recheck",
    )
    if full and (label is None or as_json):
        raise ValueError(
            "Got --full; it takes a LABEL, and no --json: polysem claims LABEL --full."
        )
    if book is not None and (simulations or report is not None):
        raise ValueError(
            "Got --from with --simulations or --report, which concern the claims of polysem; "
            "remove them: --recheck runs the derivations and witnesses of your file."
        )
    record = Record.load() if book is None else _of_user(book, label, recheck, save)
    if recheck and book is None:
        record = claims_view.rechecked(record, label, simulations=simulations, report=report)
        if save:
            claims_view.save(record)
    if as_json:
        show(claims_view.to_dict(record, label))
    elif label is None:
        show(claims_view.table(record))
    else:
        show(claims_view.chain(label, record) if full else claims_view.page(label, record))


def _of_user(path: Path, label: str | None, recheck: bool, save: bool) -> Record:
    """The record of the collection in a user's file."""
    from .collection import read, told

    book = read(path)
    if recheck:
        chosen = () if label is None else (book.named(label).label,)
        with told(path):
            book.check(*chosen, save=save, progress=label is None)
    return book.record


@main.command()
@click.option("--out", type=click.Path(), required=True, help="Folder for the report.")
@click.option("--scale", type=click.Choice(["quick", "paper"]), default="quick", show_default=True)
@click.option("--seed", type=int, default=20231206, show_default=True, help="Root of all draws.")
@click.option("--chapter", "chapters", multiple=True, help="Only this chapter (repeatable).")
@device_option
@dtype_option
@as_json
def report(
    out: str,
    scale: str,
    seed: int,
    chapters: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Compare the theory with simulations; write tables, figures and verdicts."""
    from ..numerics import training_on
    from .report.write import write_report

    finished = f"the finished experiments are in {Path(out) / 'runs'}"
    with _resumable(finished), training_on(device or "cpu", dtype or "float64"):
        summary = write_report(out, scale=scale, entropy=seed, only=chapters)
    show(summary if as_json else f"{summary['folder']}: {summary['headline']}")


@main.command()
@click.argument("spec", type=click.Path(exists=True, dir_okay=False))
@click.option("--out", type=click.Path(), required=True, help="Folder of the sweep.")
@click.option(
    "--scheduler", default="loop", show_default=True, help="loop, threads, processes or tcp://..."
)
@click.option("--jobs", type=int, help="Number of workers (threads, processes).")
@click.option("--dry-run", is_flag=True, help="Compute nothing; show what is missing and its cost.")
@click.option(
    "--table", type=click.Path(), help="Write the means of each cell (.csv, .parquet or .tex)."
)
@device_option
@dtype_option
@as_json
def sweep(
    spec: str,
    out: str,
    scheduler: str,
    jobs: int | None,
    dry_run: bool,
    table: str | None,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Compute a grid of runs; an interrupted sweep continues where it stopped."""
    from .. import numerics
    from .sweeps import SweepSummary, check_scheduler, check_table
    from .sweeps import scheduler as on_scheduler
    from .tables.paper import write_means

    _refuse(
        {"--jobs": jobs is not None},
        scheduler in ("threads", "processes"),
        "--scheduler threads or processes",
    )
    check_scheduler(scheduler, jobs)
    if table is not None:
        check_table(table)
    grid = numerics.SweepSpec.from_toml(spec)
    grid = replace(grid, device=device or grid.device, dtype=dtype or grid.dtype)
    if dry_run:
        cost = asdict(numerics.sweep_cost(grid, out))
        lines = (f"{name:<18}{value}" for name, value in cost.items())
        show(cost if as_json else "\n".join(lines))
        return
    finished = f"the finished chunks are in {Path(out) / 'chunks'}"
    with _resumable(finished), on_scheduler(scheduler, jobs):
        result = numerics.sweep(grid, out, progress=sys.stderr.isatty())
    if table is not None:
        summary = SweepSummary.of(out)
        if summary.left_out():
            click.echo(f"polysem: warning: {summary.left_out()}", err=True)
        if table.endswith(".tex"):
            write_means(out, table)
        else:
            summary.write(table, by="cell")
    if as_json:
        show(asdict(result) | {"folder": str(result.folder)})
    else:
        done = f"{result.folder}: {result.computed} chunks computed, {result.reused} reused"
        show("\n".join([*result.notes, done]))


@main.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False))
@click.option("--features", type=int, multiple=True, help="Numbers of features n (repeatable).")
@click.option("--neurons", type=int, multiple=True, help="Numbers of neurons m (repeatable).")
@click.option("--l1", type=float, multiple=True, help="Values of the paper's lambda (repeatable).")
@click.option("--optimizer", multiple=True, help="flow, quasistatic or adamw (repeatable).")
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="A prediction, or a measure of the sweep (repeatable).",
)
@click.option("--digits", type=int, default=4, show_default=True, help="Significant digits.")
@click.option("--caption", default="", help="Caption; math stands between dollar signs.")
@click.option("--label", default="grid", show_default=True, help="The label, after tab:.")
@click.option("--bare", is_flag=True, help="Only the tabular, without table, caption and label.")
@click.option("--figure", type=click.Path(file_okay=False), help="Folder for the matching figure.")
def table(
    folder: str | None,
    features: tuple[int, ...],
    neurons: tuple[int, ...],
    l1: tuple[float, ...],
    optimizer: tuple[str, ...],
    columns: tuple[str, ...],
    digits: int,
    caption: str,
    label: str,
    bare: bool,
    figure: str | None,
) -> None:
    """Print a LaTeX table of predictions on a grid, or beside the means of the sweep in FOLDER."""
    from .tables.paper import grid_of, paper_figure, paper_table

    axes = {"n": features, "m": neurons, "lam": l1, "optimizer": optimizer}
    given = [name for name, values in axes.items() if values]
    if folder is not None and given:
        raise ValueError(
            "Got the folder of a sweep and settings of a grid; give one of them: a sweep has its "
            "own settings."
        )
    if folder is None and not (features and neurons):
        raise ValueError(
            "Got no grid; give the folder of a sweep, or --features and --neurons, each as often "
            "as needed."
        )
    grid = grid_of(axes) if folder is None else folder
    shown = paper_table(grid, columns, digits=digits, caption=caption, name=label)
    if figure is not None:
        paper_figure(grid, columns, caption=caption, name=label).write(figure)
    show(shown.to_latex(environment=not bare))
