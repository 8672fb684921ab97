"""Teachers of transformers: EfficientNet, backbones, and models whose hidden states are maps.

Nothing that is loaded is run as code: weights come as safetensors, and models that bring Python are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

import torch
import transformers
from huggingface_hub import _CACHED_NO_EXIST, try_to_load_from_cache
from torch import Tensor, nn
from transformers.models.auto.modeling_auto import MODEL_FOR_BACKBONE_MAPPING as BACKBONES
from transformers.utils import logging as _logging

from spacelang.report.diagnostics import refuse
from spacelang.train.data.images import MEAN, STD
from spacelang.train.teacher.efficientnet import EfficientNetBackbone
from spacelang.train.teacher.hooked import HookedBackbone
from spacelang.train.teacher.teacher import Found, Normalisation

UNUSED = ("classifier.", "head.", "hidden_states_norms.", "layernorm.", "pooler.")
"""Parts that a checkpoint may lack: they aren't run, or a backbone adds them and they change nothing."""
SETTINGS = "preprocessor_config.json"
"""How the images of a checkpoint were normalised."""


def open_hub(name: str, where: str, size: int) -> Found:
    """A network of the hub or of a folder.

    Args:
        name: what the user calls the teacher.
        where: a hub id or a folder.
        size: of an image to try it with.

    Raises:
        SpacelangError: SP1221 if it can't be had, SP1222 if its weights aren't whole, SP1225 and SP1226 as
            `HookedBackbone`.
    """
    if where.startswith(("/", "./", "../", "~")) and not Path(where).is_dir():
        refuse("SP1221", f"the teacher `{name}` can't be had: there is no folder {where}")
    with _quiet():
        try:
            config, model, missing, mean_std = _local_first(where)
        except Exception as error:  # any file may be damaged, and any network's own code may fail on its settings
            _unavailable(name, where, error)
    lacking = [each for each in missing if not each.startswith(UNUSED)]
    if lacking:
        more = f" and {len(lacking) - 1} more of its tensors" if len(lacking) > 1 else ""
        refuse(
            "SP1222",
            f"the weights at {where} don't fit the teacher `{name}`: they lack {lacking[0]}{more}",
            "take a checkpoint of this very network; what is missing would be random",
        )
    if config.model_type == "efficientnet":
        efficientnet = EfficientNetBackbone(model)
        return Found(efficientnet, efficientnet.points, mean_std, efficientnet.stage_ends)
    if type(config) in BACKBONES:
        hooked = HookedBackbone(name, model, _feature_maps, config.out_features, size)
    else:
        hooked = HookedBackbone(name, model, _hidden_states, None, size)
    return Found(hooked, hooked.points, mean_std)


class _Loaded(NamedTuple):
    """missing: the names of the weights that the checkpoint lacks or has in other shapes."""

    config: Any
    model: Any
    missing: list[str]
    normalisation: Normalisation


def _local_first(where: str) -> _Loaded:
    # What is at hand is taken without asking the hub, which takes half a minute to fail on a machine without network.
    try:
        return _load(where, local_files_only=True)
    except OSError:
        if Path(where).is_dir():
            raise
        return _load(where, local_files_only=False)


def _load(where: str, *, local_files_only: bool) -> _Loaded:
    origin = {"local_files_only": local_files_only}
    config: Any = transformers.AutoConfig.from_pretrained(where, trust_remote_code=False, **origin)
    normalisation = _normalisation(where, origin)
    open_model: Any
    if config.model_type == "efficientnet":
        open_model = transformers.EfficientNetModel.from_pretrained
    elif type(config) in BACKBONES:
        open_model = cast(Any, BACKBONES[type(config)]).from_pretrained
        config.out_features = list(config.stage_names)
    else:
        open_model = partial(transformers.AutoModel.from_pretrained, trust_remote_code=False)
    # Tensors of another shape would be an error that names none of them; with this option they are listed instead.
    listed = {"output_loading_info": True, "ignore_mismatched_sizes": True}
    model, info = open_model(where, config=config, use_safetensors=True, dtype=torch.float32, **listed, **origin)
    missing = sorted({*info["missing_keys"], *(each[0] for each in info["mismatched_keys"])})
    return _Loaded(config, model, missing, normalisation)


def _feature_maps(model: nn.Module, images: Tensor) -> Sequence[Tensor]:
    return tuple(model(pixel_values=images, return_dict=True).feature_maps)


def _hidden_states(model: nn.Module, images: Tensor) -> Sequence[Tensor]:
    states = model(pixel_values=images, output_hidden_states=True, return_dict=True).hidden_states or ()
    return tuple(each for each in states if each.ndim == 4)


def _normalisation(where: str, origin: dict[str, bool]) -> Normalisation:
    """What its images had in training; ImageNet's where the checkpoint doesn't say.

    Raises: OSError: if nobody knows whether it says so, or the file is damaged.
    """
    try:
        found, _ = transformers.ImageProcessingMixin.get_image_processor_dict(where, **origin)
    except OSError as error:
        if _lacks_settings(where):
            return MEAN, STD
        raise OSError(f"its {SETTINGS}, which says how images are normalised, can't be read") from error
    mean, std = found.get("image_mean") or MEAN, found.get("image_std") or STD
    # EfficientNet's processor divides twice by what it stores, which is the root of the deviation.
    return mean, [each * each for each in std] if found.get("include_top") else std


def _lacks_settings(where: str) -> bool:
    """Whether a folder lacks the file, or the hub has said that a repository does."""
    if Path(where).is_dir():
        return not (Path(where) / SETTINGS).exists()
    return try_to_load_from_cache(where, SETTINGS) is _CACHED_NO_EXIST


def _unavailable(name: str, where: str, error: Exception) -> NoReturn:
    if Path(where).is_dir():
        mend = "it needs config.json and model.safetensors, as `hf download` fetches them; other formats aren't read"
    else:
        kind = name.partition(":")[0]
        mend = f"with a network: `hf download {where} --local-dir FOLDER`; then `--teacher {kind}:FOLDER`"
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    refuse("SP1221", f"the teacher `{name}` can't be had: {reason.rstrip('.')}", mend)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's own lines and bars; what is wrong is reported as an error."""
    logging: Any = _logging  # its functions have no types
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
