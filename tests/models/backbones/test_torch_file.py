import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest

from piaa_tf.errors import InputError
from piaa_tf.models.backbones.torch_file import read_torch_file

KINDS = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "BoolStorage": np.bool_,
}


class Storage:
    def __init__(self, key, kind, numbers):
        self.key, self.kind, self.numbers = key, kind, numbers


class Stub:
    """A tensor as `torch.save` pickles it: a call with a storage and a view."""

    def __init__(self, array, key, kind, view=None):
        flat = np.ascontiguousarray(array).ravel()
        self.storage = Storage(key, kind, flat)
        strides = [s // array.itemsize for s in array.strides]
        self.view = view or (0, tuple(array.shape), tuple(strides))

    def __reduce__(self):
        rebuild = sys.modules["torch._utils"]._rebuild_tensor_v2
        return rebuild, (self.storage, *self.view, False, collections.OrderedDict())


@pytest.fixture(autouse=True)
def torch(monkeypatch):
    """Names that a pickle of torch refers to; there is no torch here."""

    def rebuild(*_):
        raise AssertionError("only its name is pickled")

    utils = types.ModuleType("torch._utils")
    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    module = types.ModuleType("torch")
    for name in (*KINDS, "BFloat16Storage"):
        kind = type(name, (), {"__module__": "torch"})
        setattr(module, name, kind)
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return module


def dump(obj, torch, storages, legacy):
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            storages[value.key] = value
            kind = getattr(torch, value.kind)
            found = ("storage", kind, value.key, "cpu", len(value.numbers))
            return (*found, None) if legacy else found

    buffer = io.BytesIO()
    Pickler(buffer, protocol=2).dump(obj)
    return buffer.getvalue()


def save_zip(path, obj, torch, byteorder=b"little"):
    storages = {}
    content = dump(obj, torch, storages, legacy=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", content)
        archive.writestr("net/byteorder", byteorder)
        for key, storage in storages.items():
            archive.writestr(f"net/data/{key}", storage.numbers.tobytes())


def save_legacy(path, obj, torch):
    storages = {}
    content = dump(obj, torch, storages, legacy=True)
    with open(path, "wb") as file:
        for head in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(head, file, protocol=2)
        file.write(content)
        pickle.dump(sorted(storages), file, protocol=2)
        for key in sorted(storages):
            file.write(struct.pack("<q", len(storages[key].numbers)))
            file.write(storages[key].numbers.tobytes())


SAVES = pytest.mark.parametrize("save", [save_zip, save_legacy])


@SAVES
def test_tensors_of_every_kind_come_back(tmp_path, torch, save):
    rng = np.random.default_rng(0)
    state, arrays = collections.OrderedDict(), {}
    for i, (kind, dtype) in enumerate(KINDS.items()):
        arrays[kind] = (10 * rng.normal(size=[2, 3, i + 1])).astype(dtype)
        state[kind] = Stub(arrays[kind], str(i), kind)
    state["scalar"] = Stub(np.array(7, np.int64), "9", "LongStorage")
    save(tmp_path / "a.pth", state, torch)
    read = read_torch_file(tmp_path / "a.pth")
    assert list(read) == [*KINDS, "scalar"]
    for kind, array in arrays.items():
        np.testing.assert_array_equal(read[kind], array)
        assert read[kind].dtype == array.dtype
    assert read["scalar"].shape == ()


@SAVES
def test_bfloat16_becomes_float32(tmp_path, torch, save):
    numbers = np.array([1.5, -2.0, 0.15625], np.float32)
    high = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    save(tmp_path / "a.pth", {"w": Stub(high, "0", "BFloat16Storage")}, torch)
    np.testing.assert_array_equal(read_torch_file(tmp_path / "a.pth")["w"], numbers)


@SAVES
def test_a_view_is_read_by_its_offset_and_strides(tmp_path, torch, save):
    numbers = np.arange(12, dtype=np.float32)
    turned = Stub(numbers, "0", "FloatStorage", view=(2, (2, 3), (1, 2)))
    save(tmp_path / "a.pth", {"w": turned}, torch)
    np.testing.assert_array_equal(
        read_torch_file(tmp_path / "a.pth")["w"], [[2, 4, 6], [3, 5, 7]]
    )


@SAVES
@pytest.mark.parametrize(
    "wrapped", [lambda s: {"epoch": 3, "state_dict": s}, lambda s: {"model": s}]
)
def test_weights_among_other_things_are_found(tmp_path, torch, save, wrapped):
    state = {"w": Stub(np.ones(2, np.float32), "0", "FloatStorage")}
    save(tmp_path / "a.pth", wrapped(state), torch)
    assert list(read_torch_file(tmp_path / "a.pth")) == ["w"]


def test_the_prefix_of_a_parallel_run_goes(tmp_path, torch):
    one = Stub(np.ones(2, np.float32), "0", "FloatStorage")
    save_zip(tmp_path / "a.pth", {"module.a": one, "module.b": one}, torch)
    assert sorted(read_torch_file(tmp_path / "a.pth")) == ["a", "b"]
    save_zip(tmp_path / "a.pth", {"module.a": one, "b": one}, torch)
    assert sorted(read_torch_file(tmp_path / "a.pth")) == ["b", "module.a"]


class Evil:
    def __reduce__(self):
        return print, ("this must not run",)


@SAVES
def test_other_objects_are_refused_and_not_run(tmp_path, torch, save, capsys):
    save(tmp_path / "a.pth", {"w": Evil()}, torch)
    message = r"tensors and no other objects.* Got (builtins|__builtin__)\.print\. Save"
    with pytest.raises(InputError, match=message):
        read_torch_file(tmp_path / "a.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ((0, (4,), (4,)), "reaches beyond its storage"),
        ((11, (4,), (1,)), "reaches beyond its storage"),
        ((-1, (2,), (1,)), "a negative size, stride or offset"),
        ((0, (2,), (-1,)), "a negative size, stride or offset"),
        ((0, (2, 2), (1,)), r"zip\(\) argument 2 is shorter"),
    ],
)
def test_a_view_beyond_its_numbers_is_refused(tmp_path, torch, view, message):
    numbers = np.arange(12, dtype=np.float32)
    state = {"w": Stub(numbers, "0", "FloatStorage", view=view)}
    save_zip(tmp_path / "a.pth", state, torch)
    with pytest.raises(InputError, match=message):
        read_torch_file(tmp_path / "a.pth")


@SAVES
@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ([1, 2], "no dictionary of tensors"),
        ({}, "no dictionary of tensors"),
        ({"epoch": 3}, "'epoch', which is not a tensor"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, torch, save, obj, message):
    save(tmp_path / "a.pth", obj, torch)
    with pytest.raises(InputError, match=message):
        read_torch_file(tmp_path / "a.pth")


@SAVES
def test_a_file_that_is_cut_off_is_refused(tmp_path, torch, save):
    path = tmp_path / "a.pth"
    save(path, {"w": Stub(np.ones(5000, np.float32), "0", "FloatStorage")}, torch)
    content = path.read_bytes()
    for tenths in range(10):
        path.write_bytes(content[: len(content) * tenths // 10])
        with pytest.raises(InputError, match=r"must (be a whole file|hold tensors)"):
            read_torch_file(path)


def test_the_other_byte_order_is_refused(tmp_path, torch):
    state = {"w": Stub(np.ones(2, np.float32), "0", "FloatStorage")}
    save_zip(tmp_path / "a.pth", state, torch, byteorder=b"big")
    with pytest.raises(InputError, match="Got: byte order big"):
        read_torch_file(tmp_path / "a.pth")


def test_another_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(InputError, match=r"an archive without data\.pkl"):
        read_torch_file(tmp_path / "a.pth")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"must be a whole file.*No such file"):
        read_torch_file(tmp_path / "gone.pth")
