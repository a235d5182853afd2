"""A camera of the package ipycam, as a process of its own: `python ipycam_camera.py ADDRESS PORT [USER PASSWORD]`.

It answers to WS-Discovery and ONVIF as it comes; its video is left out, which needs FFmpeg and is not asked for here.
"""

import sys
import threading

from ipycam import CameraConfig, IPCamera


def main(address: str, port: str, user: str = "", password: str = "") -> None:
    """Is a camera until its input ends."""
    config = CameraConfig(name="Cong cho", local_ip=address, onvif_port=int(port), main_width=1920, main_height=1080)
    if user:
        config.set_credentials(user, password)
    camera = IPCamera(config)
    started = threading.Thread(target=camera.start, daemon=True)
    started.start()
    started.join()
    print("ready", flush=True)
    sys.stdin.read()
    camera.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
