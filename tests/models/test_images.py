import threading

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.images import InputTensors, Letterbox, Size, letterbox, letterbox_into

sizes = st.tuples(st.integers(16, 4000), st.integers(16, 3000))


def ultralytics(image: NDArray[np.uint8], size: Size, stride: int | None) -> NDArray[np.float32]:
    """Ultralytics' LetterBox (auto where a stride is given) and predictor, step by step."""
    height, width = image.shape[:2]
    ratio = min(size[1] / height, size[0] / width)
    inner = round(width * ratio), round(height * ratio)
    pad_x: float = size[0] - inner[0]
    pad_y: float = size[1] - inner[1]
    if stride:
        pad_x, pad_y = pad_x % stride, pad_y % stride
    pad_x, pad_y = pad_x / 2, pad_y / 2
    if (width, height) != inner:
        image = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    image = cv2.copyMakeBorder(
        image,
        round(pad_y - 0.1),
        round(pad_y + 0.1),
        round(pad_x - 0.1),
        round(pad_x + 0.1),
        cv2.BORDER_CONSTANT,
        value=(114, 114, 114),
    ).astype(np.uint8)
    return np.ascontiguousarray(image[None, ..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)


def noise(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(width * 10_000 + height).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    "size", [(640, 352), (1280, 720), (704, 576), (480, 360), (1921, 1083), (333, 777), (97, 61), (640, 640)]
)
def test_makes_the_same_input_as_ultralytics(size: Size) -> None:
    image = noise(*size)
    rectangular = InputTensors().fill([image], [letterbox(size, 640)])
    np.testing.assert_allclose(rectangular, ultralytics(image, (640, 640), 32), atol=1e-6)
    fixed = InputTensors().fill([image], [letterbox_into(size, (416, 320))])
    np.testing.assert_allclose(fixed, ultralytics(image, (416, 320), None), atol=1e-6)


@pytest.mark.parametrize("size", [(640, 352), (1280, 720), (333, 777)])
def test_bytes_are_the_same_input_before_the_division(size: Size) -> None:
    image = noise(*size)
    tensor = InputTensors(bytes_in=True).fill([image], [letterbox(size, 640)])
    assert tensor.dtype == np.uint8
    rgb = tensor[:, ::-1].astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(rgb, ultralytics(image, (640, 640), 32), atol=1e-6)


@given(sizes, st.sampled_from([320, 480, 640, 1280]), st.sampled_from([32, 64]))
def test_the_input_follows_the_picture_in_multiples_of_the_stride(size: Size, long_side: int, stride: int) -> None:
    place = letterbox(size, long_side, stride)
    assert max(place.input) == -(-long_side // stride) * stride
    for i in (0, 1):
        assert place.input[i] % stride == 0
        assert 0 <= place.input[i] - place.inner[i] < stride
        assert 0 <= place.offset[i] <= (place.input[i] - place.inner[i]) / 2


@given(sizes, st.one_of(st.none(), st.tuples(st.integers(64, 1280), st.integers(64, 1280))), st.data())
def test_boxes_come_back_to_where_they_were(size: Size, fixed: Size | None, data: st.DataObject) -> None:
    place = letterbox(size, 640) if fixed is None else letterbox_into(size, fixed)
    x = sorted(data.draw(st.lists(st.floats(0, size[0]), min_size=2, max_size=2)))
    y = sorted(data.draw(st.lists(st.floats(0, size[1]), min_size=2, max_size=2)))
    box = np.array([[x[0], y[0], x[1], y[1]]], np.float32)
    back = place.to_picture(place.to_input(box))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, box, atol=1e-3 * max(size) / min(place.inner))


def test_the_corners_of_the_inner_picture_are_the_corners_of_the_picture() -> None:
    place = letterbox((1921, 1083), 640)
    (left, top), (width, height) = place.offset, place.inner
    inner = np.array([[left, top, left + width, top + height]], np.float32)
    np.testing.assert_allclose(place.to_picture(inner), [[0, 0, 1921, 1083]], rtol=1e-6)


def test_boxes_are_cut_off_at_the_edge_of_the_picture() -> None:
    place = letterbox((640, 352), 640)
    out = place.to_picture(np.array([[-5, -9, 700, 400], [3, 4, 5, 6]], np.float32))
    np.testing.assert_array_equal(out, [[0, 0, 640, 352], [3, 4, 5, 6]])


def test_buffers_are_used_again_and_padding_stays_grey() -> None:
    tensors = InputTensors()
    wide, less_wide = noise(640, 340), noise(640, 330)
    places = [letterbox((640, 340), 640), letterbox((640, 330), 640)]
    assert places[0].input == places[1].input
    first = tensors.fill([wide], places[:1])
    kept = first.copy()
    second = tensors.fill([less_wide], places[1:])
    assert np.shares_memory(first, second)
    np.testing.assert_allclose(second, ultralytics(less_wide, (640, 640), 32), atol=1e-6)
    np.testing.assert_array_equal(tensors.fill([wide], places[:1]), kept)


def test_a_batch_holds_pictures_of_several_sizes() -> None:
    images = [noise(640, 340), noise(1280, 700), noise(640, 352)]
    places = [letterbox((image.shape[1], image.shape[0]), 640) for image in images]
    batch = InputTensors().fill(images, places)
    assert batch.shape == (3, 3, 352, 640)
    for i, image in enumerate(images):
        np.testing.assert_allclose(batch[i : i + 1], ultralytics(image, (640, 640), 32), atol=1e-6)


def test_many_shapes_do_not_pile_up_and_stay_right() -> None:
    tensors = InputTensors()
    for height in [*range(32, 640, 32), 64]:
        image = noise(640, height)
        expected = ultralytics(image, (640, 640), 32)
        np.testing.assert_allclose(tensors.fill([image], [letterbox((640, height), 640)]), expected, atol=1e-6)


def test_threads_do_not_share_a_buffer() -> None:
    tensors = InputTensors()
    place: Letterbox = letterbox((64, 64), 64)
    mine = tensors.fill([np.full((64, 64, 3), 255, np.uint8)], [place])
    thread = threading.Thread(target=lambda: tensors.fill([np.zeros((64, 64, 3), np.uint8)], [place]))
    thread.start()
    thread.join()
    assert (mine == 1).all()


def test_a_picture_that_is_a_part_of_another_is_read_right() -> None:
    whole = noise(200, 120)
    part = whole[10:74, 20:84]
    np.testing.assert_allclose(
        InputTensors().fill([part], [letterbox((64, 64), 64)]), ultralytics(part, (64, 64), 32), atol=1e-6
    )
