"""Who runs a pipeline and at what pace: on this machine (`local`); what a run tells of itself (`events`)."""

from dreampipe.engines.local import run

__all__ = ["run"]
