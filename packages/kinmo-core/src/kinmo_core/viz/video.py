"""Films of motion, as H.264 in MP4 or as GIF, through the ffmpeg binary of imageio-ffmpeg.

`imageio_ffmpeg.write_frames` would leave ffmpeg's messages on the terminal and ignore its exit status, so a full disk
would pass for success; the process is run here instead.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np

from kinmo_core.errors import InputError
from kinmo_core.files import atomic_path
from kinmo_core.motion import Motion
from kinmo_core.viz.draw import draw_frames

_MAX_FPS: Final = 30.0
_MP4: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
_GIF: Final = ("-vf", "split[a][b];[a]palettegen=stats_mode=diff[p];[b][p]paletteuse=dither=none")


def save_video(
    motion: Motion,
    path: Path | str,
    *,
    size: tuple[int, int] = (480, 480),
    text: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write a film as `.mp4` (H.264, yuv420p and the index first, so that any player shows it) or as `.gif`.

    Args:
        motion: metres, y up; more than 30 frames a second are resampled to 30.
        path: of the file; its suffix selects the format.
        size: width and height, pixels; even, since yuv420p halves both.
        text: caption; the motion's own by default, "" for none.
        progress: called with (frames done, frames in total).

    Raises:
        InputError: odd size, or the file cannot be written.
    """
    if min(size) <= 0 or any(side % 2 for side in size):
        raise InputError(f"size must be two positive even numbers of pixels, got {size[0]} x {size[1]}")
    motion = motion.resample(min(motion.fps, _MAX_FPS))
    frames = draw_frames(motion, size=size, text=text)
    if progress is not None:
        frames = _report(frames, len(motion), progress)
    with atomic_path(path) as temporary:
        encode(frames, temporary, fps=motion.fps, size=size)


def encode(frames: Iterable[np.ndarray], path: Path, *, fps: float, size: tuple[int, int]) -> None:
    """Encode (H, W, 3) uint8 pictures of `size` (W, H) as GIF if the suffix is `.gif`, otherwise as MP4.

    Raises:
        OSError: ffmpeg failed; the reason is the last line of its output.
    """
    from imageio_ffmpeg import get_ffmpeg_exe

    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:g}", "-i", "-")
    target = _GIF if path.suffix.lower() == ".gif" else _MP4
    command = [get_ffmpeg_exe(), "-y", "-loglevel", "error", *source, *target, str(path)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
        try:
            broken = _feed(process, frames)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() or broken:
            log.seek(0)
            lines = log.read().decode(errors="replace").strip().splitlines() or ["stopped"]
            raise OSError(0, f"ffmpeg: {lines[-1].rpartition('] ')[2]}")  # without "[libx264 @ 0x55d0c8] "


def _feed(process: subprocess.Popen[bytes], frames: Iterable[np.ndarray]) -> bool:
    """Write all pictures to the input of ffmpeg; return whether it closed the pipe before the last one."""
    assert process.stdin is not None
    try:
        with process.stdin as pipe:
            for frame in frames:
                pipe.write(frame.tobytes())
    except BrokenPipeError:
        return True
    return False


def _report(frames: Iterable[np.ndarray], total: int, progress: Callable[[int, int], None]) -> Iterable[np.ndarray]:
    for done, frame in enumerate(frames, 1):
        yield frame
        progress(done, total)
