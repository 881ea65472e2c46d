"""The networks for which Keras has pretrained weights, and their files, downloaded as Keras does."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from inits.data.downloads import Progress, download, keras_cache, no_progress
from inits.errors import SpecError, WeightFileError
from inits.initializers.parameters import nearest
from inits.text import shown

NEWER = "https://storage.googleapis.com/keras-applications"
GOOGLE = "https://storage.googleapis.com/tensorflow/keras-applications"
TF = "_weights_tf_dim_ordering_tf_kernels"
REMEDY = "Check the network, or upload a weight file."

_COMPLETE: dict[Path, tuple[int, int]] = {}  # size and time of files that were found complete


@dataclass(frozen=True)
class Application:
    """A network of `keras.applications` and its file for weights="imagenet", with the classifier.

    Attributes:
        name: the name of the function in `keras.applications`.
        file: the name of the file in Keras' cache.
        folder: the address of its folder on the server.
        md5: the digest of the file; None if Keras checks none.
        size: bytes of the file as Keras downloads it; https://keras.io/api/applications/ rounds them to 2**20 bytes
            and has 29 instead of 21 for EfficientNetB0.
        parameters: the number of weights.
        arxiv: the number of the paper on arXiv.
        served: the name of the file on the server, if it is another one.
    """

    name: str
    file: str
    folder: str
    md5: str | None
    size: int
    parameters: int
    arxiv: str
    served: str = ""

    @property
    def origin(self) -> str:
        """The address from which Keras downloads the file."""
        return f"{self.folder}/{self.served or self.file}"

    @property
    def path(self) -> Path:
        """The path of the file in Keras' cache, where it may be missing."""
        return keras_cache("models", self.file)

    @property
    def year(self) -> int:
        """The year of the paper."""
        return 2000 + int(self.arxiv[:2])

    @property
    def paper(self) -> str:
        """The address of the paper."""
        return f"https://arxiv.org/abs/{self.arxiv}"


# The best known network, then from small to large.
_TABLE = (
    Application(
        "VGG16",
        f"vgg16{TF}.h5",
        f"{GOOGLE}/vgg16",
        md5="64373286793e3c8b2b4e3219cbf3544b",
        size=553_467_096,
        parameters=138_357_544,
        arxiv="1409.1556",
    ),
    Application(
        "MobileNetV2",
        f"mobilenet_v2{TF}_1.0_224.h5",
        f"{GOOGLE}/mobilenet_v2",
        md5=None,
        size=14_536_120,
        parameters=3_538_984,
        arxiv="1801.04381",
    ),
    Application(
        "EfficientNetB0",
        "efficientnetb0.h5",
        NEWER,
        md5="902e53a9f72be733fc0bcb005b3ebbac",
        size=21_834_768,
        parameters=5_330_571,
        arxiv="1905.11946",
    ),
    Application(
        "NASNetMobile",
        "nasnet_mobile.h5",
        f"{GOOGLE}/nasnet",
        md5="020fb642bf7360b370c678b08e0adf61",
        size=24_227_760,
        parameters=5_326_716,
        arxiv="1707.07012",
        served="NASNet-mobile.h5",
    ),
    Application(
        "EfficientNetB1",
        "efficientnetb1.h5",
        NEWER,
        md5="1d254153d4ab51201f1646940f018540",
        size=32_148_312,
        parameters=7_856_239,
        arxiv="1905.11946",
    ),
    Application(
        "DenseNet121",
        f"densenet121{TF}.h5",
        f"{GOOGLE}/densenet",
        md5="9d60b8095a5708f2dcce2bca79d332c7",
        size=33_188_688,
        parameters=8_062_504,
        arxiv="1608.06993",
    ),
    Application(
        "Xception",
        f"xception{TF}.h5",
        f"{GOOGLE}/xception",
        md5="0a58e3b7378bc2990ea3b43d5981f1f6",
        size=91_884_032,
        parameters=22_910_480,
        arxiv="1610.02357",
    ),
    Application(
        "InceptionV3",
        f"inception_v3{TF}.h5",
        f"{GOOGLE}/inception_v3",
        md5="9a0d58056eeedaa3f26cb7ebd46da564",
        size=96_112_376,
        parameters=23_851_784,
        arxiv="1512.00567",
    ),
    Application(
        "ResNet50",
        f"resnet50{TF}.h5",
        f"{GOOGLE}/resnet",
        md5="2cb95161c43110f7111970584f804107",
        size=102_967_424,
        parameters=25_636_712,
        arxiv="1512.03385",
    ),
    Application(
        "VGG19",
        f"vgg19{TF}.h5",
        f"{GOOGLE}/vgg19",
        md5="cbe5617147190e668d6c5d5026f83318",
        size=574_710_816,
        parameters=143_667_240,
        arxiv="1409.1556",
    ),
)
APPLICATIONS: Mapping[str, Application] = MappingProxyType({one.name: one for one in _TABLE})


def find(name: str) -> Application:
    """Return the application of that name. Raises SpecError for an unknown name."""
    if name in APPLICATIONS:
        return APPLICATIONS[name]
    guess = nearest(name, APPLICATIONS)
    advice = f"Did you mean {guess}?" if guess else f"Use one of {', '.join(APPLICATIONS)}."
    raise SpecError(f"Unknown application: {shown(name)}. {advice}")


def cached(name: str) -> Path | None:
    """Return the weight file in Keras' cache on this machine if it is complete, else None.

    The hash of 550 MB takes a second; an unchanged file is not read again. Raises SpecError for an unknown name.
    """
    application = find(name)
    return application.path if _is_complete(application) else None


def fetch(name: str, progress: Progress = no_progress) -> Path:
    """Return the weight file in Keras' cache; download it with `keras.utils.get_file` unless it is complete.

    `progress` is called as in `downloads.download`. Raises SpecError for an unknown name, and DataError if the download
    fails.
    """
    application = find(name)
    return cached(name) or download(
        name, lambda: _get(application), application.path, application.size, progress, REMEDY
    )


def _get(application: Application) -> Path:
    """Download with Keras, which accepts any file in its cache if it has no hash. Raises ValueError for a bad one."""
    import keras

    keras.utils.get_file(
        application.file, application.origin, cache_subdir="models", file_hash=application.md5
    )
    if not _is_complete(application):
        application.path.unlink(missing_ok=True)
        raise ValueError(f"{application.file} is incomplete")
    return application.path


def _is_complete(application: Application) -> bool:
    path = application.path
    try:
        found = path.stat()
        mark = found.st_size, found.st_mtime_ns
        if _COMPLETE.get(path) != mark:
            if not _is_expected(path, application.md5):
                return False
            _COMPLETE[path] = mark
    except OSError:
        return False
    return True


def _is_expected(path: Path, md5: str | None) -> bool:
    """Return True if a file has that hash or, without one, contains weights and all bytes that it declares."""
    if md5:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5
    from inits.weightfiles.reader import iterate

    try:
        return next(iterate(path), None) is not None
    except WeightFileError:
        return False
