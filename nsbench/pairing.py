"""Which samplers, losses, backbones and settings make no sense together: refused before anything is trained, with the reason."""

from nsbench.errors import SettingsError
from nsbench.losses import LossSettings
from nsbench.models import BackboneSettings
from nsbench.samplers import SamplerSettings
from nsbench.training.settings import TrainingSettings


def check_pairing(
    sampler: SamplerSettings, loss: LossSettings, model: BackboneSettings, training: TrainingSettings
) -> None:
    """Checks that the parts of a run's settings go together.

    Raises:
        SettingsError: They don't; the message says why, and what to change.
    """
    if loss.needs_log_q and "model-based" in sampler.traits:
        raise SettingsError(
            f"log_q: {sampler.label} selects negatives by the model's scores, so how often it trains on an item "
            "has no closed form; leave log_q at none, or take a sampler that doesn't select"
        )
    if sampler.learns and training.replay_factor > 0:
        raise SettingsError(
            f"replay_factor = {training.replay_factor:g}: what {sampler.label} draws depends on the model, so that earlier draws "
            "can't be made again from the seed; leave replay_factor at 0"
        )
    if training.padding == "trained":
        if model.build().padded_state is None:
            raise SettingsError(
                f"padding = trained: what the published code trains at padded positions is the bias of SASRec's last LayerNorm, "
                f"and {model.label} has no such state; leave padding at masked, or model at sasrec"
            )
        if sampler.proposes_positive:
            raise SettingsError(
                f"padding = trained: at padded positions the published code trains negatives that a user's positions share, "
                f"and {sampler.label} has none; leave padding at masked"
            )
        if not loss.is_pointwise:
            raise SettingsError(
                f"padding = trained: at padded positions the published code trains negatives without a positive, which "
                f"{loss.label} can't; leave padding at masked, or loss at bce"
            )
