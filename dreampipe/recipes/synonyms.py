"""The words of other tools and of earlier versions, and the settings that they mean here: one table.

The words are those of Google's notebook, the tutorials of TensorFlow and Keras, pytorch-deepdream, neural-dream, lucid,
the generators on the web, ImageMagick and ffmpeg.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dreampipe.errors import nearest

OTHERWISE = ""
"""The key of what to do if there is none of the settings."""
_BRACKETS = "settings go into its brackets, as in NAME(steps=100)"
_INPUT, _OUTPUT = "the input comes before the output, without a name", "the output comes last, without a name"
_ROWS: tuple[tuple[str, Mapping[str, str]], ...] = (
    (
        "iterations iteration iter iters iter_n n_iter num_iter num_iters num_iterations n_iterations max_iter "
        "max_iterations max_iters num_steps n_steps step steps_per_octave octave_iter num_gradient_ascent_iterations "
        "gradient_ascent_iterations iterations_per_octave epochs",
        {"steps": "", "method": _BRACKETS},
    ),
    ("lr learning_rate learn_rate stepsize step_length gradient_step", {"step_size": "", "method": _BRACKETS}),
    (
        "octave octave_n octave_num octave_count num_octave num_octaves n_octaves number_of_octaves pyramid_size "
        "pyramid_levels levels",
        {"octaves": ""},
    ),
    ("octave_ratio octave_factor octave_zoom pyramid_ratio scale_factor", {"octave_scale": ""}),
    (
        "layer layers layer_name layer_names layers_to_use layer_settings dream_layer dream_layers target_layer "
        "end_layer end blob block",
        {"objective": "a layer is mixed4, two are mixed3 + 0.5*mixed4", "layer": ""},
    ),
    (
        "channel channels channel_mode channel_capture dream_channels filter filters filter_index feature "
        "feature_index neuron neurons unit",
        {"objective": "a channel is mixed4[12], a neuron mixed4[12]@center", "channels": ""},
    ),
    (
        "class classes class_id class_index class_name target_class target_label category label prompt keywords",
        {"target": "", "objective": "a class is logit(eye)"},
    ),
    (
        "guide guides guide_image guide_img guide_file guided control_image",
        {"objective": """a guide is guide("photo.jpg", mixed4)"""},
    ),
    (
        "depth network_depth inception_depth dream_depth",
        {"objective": "a deeper layer draws larger things; `dreampipe layers MODEL` lists them"},
    ),
    (
        "loss loss_mode loss_function objective_fn objective_f objective_l2 dream_weight layer_weights",
        {"objective": ""},
    ),
    ("tv tv_weight tv_loss total_variation", {"objective": "total variation is a penalty, as in mixed4 - 3*tv()"}),
    (
        "l2_weight content_weight",
        {"objective": "the distance to the source is a penalty, as in mixed4 - 30*distance()"},
    ),
    (
        "net network architecture arch backbone model_name model_file model_type model_path pretrained_weights "
        "caffemodel prototxt",
        {"model": ""},
    ),
    (
        "tile tiles tiled tile_size overlap overlap_percent",
        {
            "tile": "the longest side of a tile; how far tiles overlap follows from the model",
            OTHERWISE: "only dreams of pictures and films are computed in tiles, so leave it out",
        },
    ),
    (
        "memory max_memory memory_limit mem ram vram",
        {
            "memory": "for example 4GB",
            "max_size": "a smaller picture takes less memory",
            "size": "a smaller picture takes less memory",
            OTHERWISE: "only dreams of pictures and films take it, so leave it out",
        },
    ),
    (
        "size max_size image_size img_size image_width img_width image_height width w height h max_dim max_width "
        "max_height max_dimension resolution resize longest_side target_size target_width scale_to",
        {"size": "the longest side of what is drawn", "max_size": "the longest side to compute at"},
    ),
    (
        "zoom zoom_factor zoom_speed zoom_in zoom_mode frame_transform",
        {"zoom": "", OTHERWISE: "`dreampipe zoom` makes a film that dives into a picture"},
    ),
    ("scale", {"zoom": "the camera's enlargement from frame to frame", "octave_scale": ""}),
    ("rotate rotation rotations angle random_rotation", {"turn": "the camera's rotation in each frame", "rotate": ""}),
    ("random_scale random_scales", {"scale": ""}),
    ("jitter_size max_jitter shift_size spatial_shift_size random_shift roll", {"jitter": ""}),
    ("translate translation pan", {"shift": "", "jitter": ""}),
    ("mirror hflip horizontal_flip", {"flip": ""}),
    ("noise noise_level random_noise gaussian_noise", {"colour_noise": ""}),
    ("transforms augment augmentations random_transforms", {"jitter": "or scale, rotate, pad, crop, flip, blur"}),
    ("padding border", {"pad": ""}),
    ("sigma gaussian_blur blur_sigma", {"blur": ""}),
    (
        "normalize normalise grad_norm norm_grad normalize_gradients gradient_normalization lap_n lap_norm lap_scale "
        "laplacian smooth smoothing smoothing_coefficient cascade",
        {"normalization": "for example laplacian or smooth"},
    ),
    ("optim optimiser solver", {"optimizer": ""}),
    ("clip clamp clip_values", {"bounded": ""}),
    ("max_loss loss_limit early_stop threshold", {"stop": ""}),
    ("fft use_fft fourier spectrum decorrelate param_f parameterization parametrization", {"param": "as fourier"}),
    ("blend_ratio mix opacity strength intensity dream_strength", {"blend": ""}),
    (
        "original_colour original_colours preserve_colour preserve_colours keep_colours luminance luminance_only",
        {"keep_colour": ""},
    ),
    ("mask_image mask_path mask_file region", {"mask": ""}),
    ("tf32 tensorfloat32 allow_tf32", {"precision": "as tf32"}),
    ("half half_precision fp16 bf16 bfloat16 dtype amp mixed_precision", {"precision": "as bfloat16"}),
    ("random_seed rng_seed manual_seed use_fixed_seed", {"seed": ""}),
    ("batch batch_size num_images", {"count": ""}),
    # What this setting was called in earlier versions.
    ("start", {"init": "start is a time in a film"}),
    ("start_colour", {"init_colour": ""}),
    ("start_falloff", {"init_falloff": ""}),
    ("start_deviation", {"init_deviation": ""}),
    (
        "init init_mode init_image init_img start_image start_img use_noise",
        {"init": "", OTHERWISE: "a dream starts from its input, and `dreampipe visualize` from noise"},
    ),
    (
        "input input_image input_path input_file input_dir infile content_image base_image base_img image img photo i",
        {"input": "", OTHERWISE: _INPUT},
    ),
    (
        "output output_image output_path output_file output_dir outdir outfile out out_path save save_path dest o",
        {OTHERWISE: _OUTPUT},
    ),
    ("recipe", {OTHERWISE: "write its settings themselves, as `dreampipe recipes show NAME` prints them"}),
    ("preset config config_file style profile settings", {"recipe": ""}),
    ("frames num_frames n_frames frame_count duration length t", {"seconds": "", "end": "an end time"}),
    ("framerate frame_rate", {"fps": ""}),
    ("ss from seek begin start_time", {"start": ""}),
    ("to until end_time stop_time", {"end": ""}),
    ("vcodec c:v codec:v encoder video_codec", {"codec": ""}),
    ("bitrate b:v", {"crf": ""}),
    ("pix_fmt pixel_format subsampling sampling_factor", {"chroma": ""}),
    ("optical_flow use_flow flow warp", {"motion": "for example flow"}),
    ("keyframe keyframes schedule", {"at": ""}),
    (
        "gif create_gif make_gif save_iter print_iter save_every",
        {"animate": "", OTHERWISE: "`dreampipe visualize --animate` shows how a picture forms"},
    ),
    ("y force clobber replace", {"overwrite": ""}),
    (
        "no_clobber skip_existing resume continue",
        {OTHERWISE: "a second run does only what is missing, so leave it out"},
    ),
    ("recurse subfolders subdirs", {"recursive": ""}),
    ("strip no_exif strip_metadata", {"no_metadata": ""}),
    ("verbose loglevel log_level debug", {"verbose": "", "events": ""}),
    ("silent hide_banner", {"quiet": ""}),
    ("jpeg_quality compression compress q:v qscale", {"quality": ""}),
    ("type extension ext output_format", {"format": ""}),
    ("labelled labeled training_data train_dir dataset", {"pictures": ""}),
    ("concepts num_concepts n_concepts n_components num_components", {"count": ""}),
    ("epsilon eps_max budget max_perturbation", {"eps": ""}),
    ("attack attack_method algorithm", {"method": ""}),
    (
        "gpu device cuda cpu use_gpu gpu_id",
        {OTHERWISE: "the fastest device is taken, and the variable CUDA_VISIBLE_DEVICES limits the choice"},
    ),
)
SYNONYMS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {word: meaning for words, meaning in _ROWS for word in words.split()}
)
"""For each word the settings that it means, the first of them that there is, each with a note or an empty text."""
_SPELLINGS = (("color", "colour"), ("gray", "grey"), ("isation", "ization"))


def plain(word: str) -> str:
    """Return a word as settings are spelled: `--Octave-Scale` as `octave_scale`, `keep_color` as `keep_colour`."""
    text = word.strip().lstrip("-").lower().replace("-", "_")
    for other, ours in _SPELLINGS:
        text = text.replace(other, ours)
    return text


def translate(word: str, known: Mapping[str, str]) -> str | None:
    """Write what to do instead of a word that is no setting here, as "use --steps"; None for a word of nobody.

    Args:
        word: what came, in any spelling.
        known: the settings that there are, by name, each as it is written here.
    """
    name = plain(word)
    if name in known and word != known[name]:
        return f"write {known[name]}"
    meaning = SYNONYMS.get(name, {})
    for setting, note in meaning.items():
        if setting in known:
            return f"use {known[setting]}" + (f" ({note})" if note else "")
    return meaning.get(OTHERWISE)


def advise(word: str, known: Iterable[str]) -> str:
    """Write what to do instead of a word that is no setting: that of another tool by its meaning, else by its letters.

    Args:
        word: what came.
        known: the names of the settings that there are.
    """
    names = list(known)
    return translate(word, {name: name for name in names}) or nearest(word, names)
