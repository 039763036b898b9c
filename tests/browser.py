"""Headless Chromium, spoken to through its debugging pipe; no package needed.

A window of Chromium is at least 500 pixels wide. The protocol emulates a phone,
the dark scheme and the keyboard, and evaluates JavaScript in the page.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None
)


class Tab:
    """A tab of a browser.

    Args:
        send: file that commands are written to.
        receive: file that answers are read from.
    """

    def __init__(self, send, receive):
        self._send, self._receive, self._count = send, receive, 0
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")
        self._session = self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **parameters) -> dict:
        """Returns the answer to a command of the protocol."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._send.write(json.dumps(message).encode() + b"\0")
        self._send.flush()
        answer = self._read(lambda a: a.get("id") == self._count)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read(self, is_wanted) -> dict:
        while True:
            text = bytearray()
            while (byte := self._receive.read(1)) != b"\0":
                if not byte:
                    raise RuntimeError("The browser has ended.")
                text += byte
            answer = json.loads(text)
            if is_wanted(answer):
                return answer

    def show(self, path, width: int, height: int = 900, dark: bool = False):
        """Loads a page as a screen of `width` pixels shows it."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = "dark" if dark else "light"
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.call("Page.navigate", url=path.as_uri())
        self._read(lambda a: a.get("method") == "Page.loadEventFired")

    def value(self, script: str):
        """Returns what a JavaScript expression gives in the page."""
        answer = self.call(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Presses a key that has a name, such as Tab."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode={"Tab": 9, "ArrowRight": 39}[key],
            )


@contextlib.contextmanager
def tab(profile):
    """Yields a tab of a browser that ends with the block.

    Args:
        profile: folder of its settings.
    """

    def high(descriptor):
        kept = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(descriptor)
        return kept

    theirs_in, ours_out = map(high, os.pipe())
    ours_in, theirs_out = map(high, os.pipe())

    def pipes():
        os.dup2(theirs_in, 3)
        os.dup2(theirs_out, 4)

    process = subprocess.Popen(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ],
        stderr=subprocess.DEVNULL,
        close_fds=False,
        preexec_fn=pipes,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    with open(ours_out, "wb") as send, open(ours_in, "rb", 1 << 16) as receive:
        opened = Tab(send, receive)
        try:
            yield opened
        finally:
            process.terminate()
            process.wait(20)
