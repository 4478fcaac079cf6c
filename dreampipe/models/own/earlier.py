"""Names that dreampipe once had for the layers of a file, when it counted automatic names again: `earlier_names`."""

from __future__ import annotations

from dreampipe.models.graphs.graph import Config, Graph, Node, read


def earlier_names(config: Config, graph: Graph) -> tuple[tuple[str, str], ...]:
    """Pair each earlier name with the layer's name in the file, where the two differ.

    An earlier name can also be the name of another layer in the file.

    Args:
        config: of the model.
        graph: of the same configuration, with the names of the file.
    """
    pairs: dict[str, str] = {}
    names: dict[str, str] = {}
    for key, node in read(config, recounted=True).nodes.items():
        if node.kind != "InputLayer":
            pairs[_path(node)] = graph.nodes[key].name
            names[node.name] = graph.nodes[key].name
    return tuple((earlier, name) for earlier, name in (pairs | names).items() if earlier not in _now(graph, name))


def _now(graph: Graph, name: str) -> tuple[str, str]:
    """Return the name of a layer and its path, which objectives may write for it."""
    return name, _path(graph.nodes[graph.names[name].key])


def _path(node: Node) -> str:
    """Return the names of the models that a layer stands in, and its own; as `Layer.path`."""
    return "/".join((*node.within, node.name.rpartition("/")[2]))
