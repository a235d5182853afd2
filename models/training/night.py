"""Pictures by day as an infra-red camera would see them by night.

At night a camera has its infra-red light on: all is grey, what is near and in the middle is bright, what is far is
black, clothes and number plates shine, and the sensor is noisy.

    day        ▒▒▒▒☺▒▒▒▒          night      ░▒▓☻▓▒░      grey, darker away from the middle of the light,
                                                           road users brighter, noise
"""

import cv2
import numpy as np
from numpy.typing import NDArray


def as_night(image: NDArray[np.uint8], boxes: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.uint8]:
    """A picture as by night.

    Args:
        image: (h, w, 3) BGR by day.
        boxes: (n, 4) of the road users, 0..1 of the picture.
        random: Where its light, noise and shine come from.

    Returns:
        (h, w, 3) BGR, grey.
    """
    height, width = image.shape[:2]
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32) / 255
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = random.uniform(0.25, 0.75) * width, random.uniform(0.4, 0.9) * height
    away = np.hypot((columns - x) / width, (rows - y) / height)
    light = random.uniform(0.35, 0.9) * np.exp(-((away / random.uniform(0.35, 0.9)) ** 2)) + random.uniform(0.02, 0.15)
    for x1, y1, x2, y2 in boxes:
        middle = (x1 + x2) / 2 * width, (y1 + y2) / 2 * height
        half = max((x2 - x1) / 2 * width, 1.0), max((y2 - y1) / 2 * height, 1.0)
        inside = ((columns - middle[0]) / half[0]) ** 2 + ((rows - middle[1]) / half[1]) ** 2
        light *= 1 + random.uniform(0.0, 1.8) * np.clip(1.3 - inside, 0, 1)
    seen = (grey ** random.uniform(0.8, 1.6)) * light
    seen += random.normal(0, random.uniform(0.003, 0.025), seen.shape).astype(np.float32)
    return np.repeat((np.clip(seen, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
