"""`kinmo data check`: a whole data set is clean, and every kind of damage is found where it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kinmo_core.cli import main
from kinmo_core.data.check import check_dataset
from kinmo_core.data.clip_check import KINDS, check_clip
from kinmo_core.data.humanml3d import HumanML3DFolder
from kinmo_core.data.mirroring import mirror_clip
from kinmo_core.data.yaw import repair_yaw, yaw_kinks
from kinmo_core.errors import InputError
from kinmo_core.features import LAYOUT, decode, encode, encode_raw
from kinmo_core.io import load_motion
from kinmo_core.rotations import rotate_yaw
from kinmo_core.skeleton import HUMANML3D
from kinmo_core.testing.puppet import Action

WALK = "000006"  # a clip of the train list that walks with bent knees


@pytest.fixture
def copy(toy_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_folder, tmp_path / "set"))


def features_of(folder: Path, id: str) -> Tensor:
    return torch.from_numpy(np.load(folder / "new_joint_vecs" / f"{id}.npy"))


def store(folder: Path, id: str, features: Tensor) -> None:
    np.save(folder / "new_joint_vecs" / f"{id}.npy", features.numpy())


def found(folder: Path, **options: object) -> set[tuple[str, str]]:
    return {(finding.kind, finding.where) for finding in check_dataset(folder, **options).findings}  # type: ignore[arg-type]


def test_a_whole_set_is_clean(toy_folder: Path) -> None:
    report = check_dataset(toy_folder)
    assert report.findings == ()
    assert (report.clips, report.frames) == (24, 24 * 64)
    assert report.lists == ("clean_test", "clean_val", "test", "train", "val")


def encoded(change: Callable[[Tensor], Tensor]) -> Callable[[Path], None]:
    """Change the joints of the walk before they are encoded, without bringing them to the skeleton again."""

    def damage(folder: Path) -> None:
        store(folder, WALK, encode(change(decode(features_of(folder, WALK)))))

    return damage


def changed(block: str, change: Callable[[Tensor], Tensor]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        features = features_of(folder, WALK)
        features[:, LAYOUT[block]] = change(features[:, LAYOUT[block]])
        store(folder, WALK, features)

    return damage


def normalized(folder: Path) -> None:
    store(folder, WALK, HumanML3DFolder(folder).statistics.normalize(features_of(folder, WALK)))


def one_nan(folder: Path) -> None:
    features = features_of(folder, WALK)
    features[5, 100] = torch.nan
    store(folder, WALK, features)


def crossed_arms(joints: Tensor) -> Tensor:
    arms = [name for name in HUMANML3D.names if name.split("_")[-1] in ("collar", "shoulder", "elbow", "wrist")]
    twins = [f"{'right' if name[0] == 'l' else 'left'}_{name.split('_')[1]}" for name in arms]
    joints = joints.clone()
    joints[:, HUMANML3D.index(*arms)] = joints[:, HUMANML3D.index(*twins)]
    return joints


def by_rows(rotations: Tensor) -> Tensor:
    """The 6-D form of other libraries: the two columns flattened row by row."""
    return rotations.unflatten(-1, (21, 2, 3)).transpose(-1, -2).flatten(-3)


def captions_in_latin1(folder: Path) -> None:
    (folder / "texts" / f"{WALK}.txt").write_bytes("a café#x#0#0\n".encode("latin-1"))


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no features": ("missing", lambda folder: (folder / "new_joint_vecs" / f"{WALK}.npy").unlink()),
    "no captions": ("missing", lambda folder: (folder / "texts" / f"{WALK}.txt").unlink()),
    "truncated": ("unreadable", lambda folder: (folder / "new_joint_vecs" / f"{WALK}.npy").write_bytes(b"\x93NUMPY")),
    "joints": ("unreadable", lambda folder: np.save(folder / "new_joint_vecs" / f"{WALK}.npy", np.zeros((9, 22, 3)))),
    "latin-1": ("unreadable", captions_in_latin1),
    "caption line": ("unreadable", lambda folder: (folder / "texts" / f"{WALK}.txt").write_text("a person walks\n")),
    "nan": ("not finite", one_nan),
    "short": ("too short", lambda folder: store(folder, WALK, features_of(folder, WALK)[:39])),
    "in centimetres": ("wrong scale", encoded(lambda joints: joints * 100)),
    "a child": ("wrong scale", encoded(lambda joints: joints * 0.9)),
    "on the ceiling": ("upside down", encoded(lambda joints: joints * torch.tensor([1.0, -1.0, -1.0]))),
    "swapped": ("left and right swapped", encoded(lambda joints: joints[:, list(HUMANML3D.mirror_permutation)])),
    "mirrored": ("left and right swapped", encoded(lambda joints: joints * torch.tensor([-1.0, 1.0, 1.0]))),
    "arms swapped": ("left and right swapped", encoded(crossed_arms)),
    "normalized": ("wrong encoding", normalized),
    "rows for columns": ("wrong encoding", changed("rotations", by_rows)),
    "velocities a second": ("wrong encoding", changed("velocities", lambda values: values * 20)),
    "all contacts": ("wrong encoding", changed("contacts", torch.ones_like)),
    "yaw in degrees": ("wrong encoding", changed("yaw_rate", lambda values: values + 0.1)),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_every_damage_is_found_where_it_is(copy: Path, damage: str) -> None:
    kind, apply = DAMAGE[damage]
    apply(copy)
    after = found(copy)
    original_made = {("missing", WALK)} if damage == "no features" else set()
    assert (kind, WALK) in after | original_made
    assert {where for _, where in after} <= {WALK, f"M{WALK}", "Std.npy"}
    assert {name for name, _ in after} <= {*KINDS}


def test_features_that_no_file_can_make_are_missing(copy: Path) -> None:
    (copy / "train.txt").write_text((copy / "train.txt").read_text() + "999999\n")
    assert found(copy) == {("missing", "999999")}


def test_clips_and_frames_in_two_splits(copy: Path) -> None:
    (copy / "train.txt").write_text((copy / "train.txt").read_text() + "000000\n")  # of the test list
    store(copy, "000003", torch.cat([features_of(copy, WALK)[10:45], features_of(copy, "000003")]))  # of val
    turned = encode_raw(rotate_yaw(decode(features_of(copy, WALK))[:30], torch.tensor(2.0)) + 3)
    store(copy, "000001", torch.cat([features_of(copy, "000001"), turned]))  # of the test list
    wanted = {("in two splits", id) for id in ("000000", "000001", "000003")}
    assert {pair for pair in found(copy) if pair[0] == "in two splits"} == wanted
    assert found(copy, lists=["train"]) == set()


def test_a_list_with_an_id_twice_and_an_empty_one(copy: Path) -> None:
    (copy / "val.txt").write_text("000002\n000002\n")
    (copy / "test.txt").write_text("\n")
    assert found(copy) == {("in two splits", "val.txt"), ("missing", "test.txt")}


def test_statistics_are_held_against_the_train_list(copy: Path) -> None:
    std = np.load(copy / "Std.npy")
    std[LAYOUT["contacts"]] /= 25  # of T2M's evaluator
    np.save(copy / "Std.npy", std)
    assert found(copy) == {("wrong encoding", "Std.npy")}
    (copy / "Mean.npy").unlink()
    assert found(copy) == {("missing", "Mean.npy, Std.npy")}


def test_a_set_that_lies_on_its_side(copy: Path) -> None:
    for path in (copy / "new_joint_vecs").glob("*.npy"):
        joints = decode(torch.from_numpy(np.load(path)))
        np.save(path, encode_raw(joints[..., [0, 2, 1]] * torch.tensor([1.0, -1.0, 1.0])).numpy())
    assert ("upside down", "all") in found(copy)


def test_a_list_without_any_captions_does_not_want_them(copy: Path) -> None:
    shutil.copy(copy / "new_joint_vecs" / f"{WALK}.npy", copy / "new_joint_vecs" / "S1.npy")
    (copy / "tokenizer.txt").write_text("S1\n")
    assert found(copy) == set()


def test_command_prints_a_table_and_exits_with_one(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for id in ("000002", "000003", "000004", WALK):
        one_nan(copy) if id == WALK else store(copy, id, features_of(copy, id)[:20])
    with pytest.raises(SystemExit) as stopped:
        main(["data", "check", str(copy)])
    said = capsys.readouterr().out
    assert stopped.value.code == 1
    assert said.splitlines()[0].split() == ["finding", "number", "such", "as"]
    assert "too short" in said
    assert "000002: 20 of at least 40 frames" in said
    assert f"{WALK}: NaN or infinity in 1 frames, first in 5" in said
    assert "4 findings in 24 clips" in said
    with pytest.raises(SystemExit):
        main(["data", "check", str(copy), "--all"])
    assert len(capsys.readouterr().out.splitlines()) == 5
    with pytest.raises(SystemExit) as stopped:
        main(["data", "check", str(copy), "--lists", "test"])
    assert stopped.value.code == 0
    assert f"{copy}: clean, 4 clips, 256 frames, lists test" in capsys.readouterr().out


def test_what_is_no_data_set(toy_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it has no new_joint_vecs/"):
        check_dataset(tmp_path)
    with pytest.raises(InputError, match="has no list 'tset'; it has clean_test, clean_val, test, train, val"):
        check_dataset(toy_folder, lists=["tset"])
    (tmp_path / "new_joint_vecs").mkdir()
    with pytest.raises(InputError, match=r"has no train\.txt; it has no lists"):
        check_dataset(tmp_path)


@pytest.fixture
def spun() -> Tensor:
    """A clip whose heading passes 180 degrees twice, for which published features have a kink each time."""
    return Action(speed=0.5, stride=0.2, lift=0.3, turn=1.6).joints(140)


def test_yaw_kinks_are_repaired_exactly(spun: Tensor) -> None:
    true, published = encode(spun.double()), encode(spun.double(), published_yaw_sign=True)
    kinks = (true[:, 0] - published[:, 0]).abs() > 1e-3
    assert kinks.sum() == 2
    assert torch.equal(yaw_kinks(published), kinks)
    torch.testing.assert_close(repair_yaw(published), true, atol=1e-12, rtol=0)
    assert torch.equal(repair_yaw(true), true)
    assert (decode(published) - decode(true)).norm(dim=-1).max() > 0.2  # m: what a kink does to a clip
    [finding] = check_clip("x", published.float(), min_frames=40)
    assert (finding.kind, finding.detail.split()[0]) == ("yaw kink", str(int(kinks.sum())))


def test_a_folder_repairs_yaw_on_request(copy: Path, spun: Tensor) -> None:
    true, published = encode(spun), encode(spun, published_yaw_sign=True)
    store(copy, WALK, published)
    (copy / "texts" / f"{WALK}.txt").write_text("all#x#0#0\na part#x#2.0#5.0\n")
    (copy / "new_joint_vecs" / f"M{WALK}.npy").unlink()
    (copy / "train.txt").write_text(f"{WALK}\nM{WALK}\n")
    plain, repaired = (HumanML3DFolder(copy, repair_yaw=repair).samples(["train"]) for repair in (False, True))
    assert torch.equal(plain[0].features(), published)
    torch.testing.assert_close(repaired[0].features(), true, atol=1e-6, rtol=0)
    torch.testing.assert_close(repaired[1].features(), true[40:100], atol=1e-6, rtol=0)
    torch.testing.assert_close(repaired[2].features(), mirror_clip(true), atol=1e-5, rtol=0)


def test_convert_repairs_yaw_on_request(tmp_path: Path, spun: Tensor) -> None:
    np.save(tmp_path / "a.npy", encode(spun, published_yaw_sign=True).numpy())
    main(["convert", str(tmp_path / "a.npy"), str(tmp_path / "b.npz"), "--repair-yaw"])
    main(["convert", str(tmp_path / "a.npy"), str(tmp_path / "c.npz")])
    repaired, plain = (load_motion(tmp_path / name).joints for name in ("b.npz", "c.npz"))
    torch.testing.assert_close(repaired, decode(encode(spun)), atol=1e-5, rtol=0)
    assert (plain - repaired).norm(dim=-1).max() > 0.2


def test_the_merged_pack_is_clean_where_it_says_so(shared_data: Path, tmp_path: Path) -> None:
    """The held-out lists of the pack share no frame with training lists; the check does not know how they were made."""
    from kinmo_core.data.merge import write_dataset

    write_dataset([shared_data / "accad-humanml3d"], tmp_path / "set")
    report = check_dataset(tmp_path / "set", lists=["train", "clean_test", "tokenizer", "extra"], min_frames=2)
    assert report.findings == ()
    assert report.clips > 200
