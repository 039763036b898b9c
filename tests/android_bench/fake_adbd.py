"""A small adbd over TCP, for tests with a real adb client.

It speaks CNXN/OPEN/OKAY/WRTE/CLSE, `shell:` (v1), `shell,v2,...:` and `sync:`
(STAT, LSTAT v2, SEND, RECV). Commands run in this machine's `sh` with a
shimmed userland first on the PATH; `/data/local/tmp` and `/sys` in them are
folders below `root`.

Faults are set as attributes of the server while it runs.
"""

import os
import pathlib
import re
import signal
import socket
import socketserver
import struct
import subprocess
import threading

_VERSION = 0x01000001
_MAX_DATA = 256 * 1024


def _id(name):
    return struct.unpack("<I", name)[0]


CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = map(
    _id, (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)


class Stream:
    """One OPENed service: bytes out wait for OKAY, bytes in queue up."""

    def __init__(self, connection, local, remote):
        self.connection, self.local, self.remote = connection, local, remote
        self.inbox = bytearray()
        self.closed = False
        self.ready = threading.Condition()
        self.credit = True

    def write(self, data):
        for start in range(0, len(data), _MAX_DATA):
            with self.ready:
                self.ready.wait_for(lambda: self.credit or self.closed)
                if self.closed:
                    raise ConnectionError("closed")
                self.credit = False
            chunk = data[start : start + _MAX_DATA]
            self.connection.send(WRTE, self.local, self.remote, chunk)

    def read(self, count):
        with self.ready:
            self.ready.wait_for(lambda: len(self.inbox) >= count or self.closed)
            if len(self.inbox) < count:
                raise ConnectionError("closed")
            data = bytes(self.inbox[:count])
            del self.inbox[:count]
        return data

    def close(self):
        with self.ready:
            # The last WRTE has to be taken before CLSE, or it may be dropped.
            self.ready.wait_for(lambda: self.credit or self.closed, timeout=5)
        self.connection.send(CLSE, self.local, self.remote)


class Connection(socketserver.BaseRequestHandler):
    """One transport."""

    def setup(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lock = threading.Lock()
        self.streams = {}
        self.server.adbd.connections.append(self)

    def send(self, command, arg0, arg1, data=b""):
        header = struct.pack(
            "<6I", command, arg0, arg1, len(data), 0, command ^ 0xFFFFFFFF
        )
        with self.lock:
            self.request.sendall(header + data)

    def _receive(self, count):
        data = b""
        while len(data) < count:
            piece = self.request.recv(count - len(data))
            if not piece:
                raise ConnectionError("end")
            data += piece
        return data

    def handle(self):
        try:
            while True:
                header = struct.unpack("<6I", self._receive(24))
                self._message(*header[:3], self._receive(header[3]))
        except (ConnectionError, OSError):
            for stream in self.streams.values():
                with stream.ready:
                    stream.closed = True
                    stream.ready.notify_all()

    def drop(self):
        """Cuts the transport, as a pulled cable does."""
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _message(self, command, arg0, arg1, data):
        adbd = self.server.adbd
        if adbd.offline:
            return
        if command in (CNXN, AUTH):
            if adbd.unauthorised:
                self.send(AUTH, 1, 0, os.urandom(20))
                return
            features = "cmd" + (",shell_v2,stat_v2" if adbd.shell_v2 else "")
            self.send(
                CNXN,
                _VERSION,
                _MAX_DATA,
                b"device::ro.product.name=fake;"
                b"ro.product.model=fake;ro.product.device=fake;features="
                + features.encode(),
            )
        elif command == OPEN:
            stream = Stream(self, len(self.streams) + 1, arg0)
            self.streams[stream.local] = stream
            self.send(OKAY, stream.local, stream.remote)
            service = data.rstrip(b"\0").decode()
            threading.Thread(
                target=self._serve, args=(stream, service), daemon=True
            ).start()
        elif arg1 in self.streams:
            stream = self.streams[arg1]
            with stream.ready:
                if command == OKAY:
                    stream.credit = True
                elif command == WRTE:
                    stream.inbox += data
                elif command == CLSE:
                    stream.closed = True
                stream.ready.notify_all()
            if command == WRTE:
                self.send(OKAY, stream.local, stream.remote)

    def _serve(self, stream, service):
        try:
            if service.startswith("shell"):
                self._shell(stream, *service.split(":", 1))
            elif service.startswith("sync"):
                _sync(stream, self.server.adbd)
            stream.close()
        except (ConnectionError, OSError):
            pass

    def _shell(self, stream, service, command):
        adbd = self.server.adbd
        v2 = service.startswith("shell,v2")
        process = adbd.start(command, merged=not v2)

        def pump(pipe, packet):
            while data := os.read(pipe.fileno(), 65536):
                head = struct.pack("<BI", packet, len(data)) if v2 else b""
                try:
                    stream.write(head + data)
                except (ConnectionError, OSError):
                    pass  # A real device's process outlives its client too.

        pumps = [threading.Thread(target=pump, args=(process.stdout, 1))]
        if v2:
            pumps.append(
                threading.Thread(target=pump, args=(process.stderr, 2))
            )
        for thread in pumps:
            thread.start()
        if adbd.drop_when and re.search(adbd.drop_when, command):
            adbd.drop_when = None
            adbd.offline = adbd.offline_after_drop
            threading.Timer(0.3, self.drop).start()
        for thread in pumps:
            thread.join()
        code = process.wait()
        if v2:
            stream.write(struct.pack("<BIB", 3, 1, code & 0xFF))


def _sync(stream, adbd):
    while True:
        name, size = struct.unpack("<4sI", stream.read(8))
        text = stream.read(size).decode() if name != b"QUIT" else ""
        path = adbd.path(text.rpartition(",")[0] if name == b"SEND" else text)
        if name == b"QUIT":
            return
        if name == b"STAT":
            mode, length, when = _stat(path)
            stream.write(struct.pack("<4s3I", name, mode, length, when))
        elif name in (b"STA2", b"LST2"):
            mode, length, when = _stat(path)
            stream.write(
                struct.pack(
                    "<4sIQQIIIIQqqq",
                    name,
                    0 if mode else 2,
                    0,
                    0,
                    mode,
                    1,
                    0,
                    0,
                    length,
                    when,
                    when,
                    when,
                )
            )
        elif name == b"SEND":
            _receive_file(stream, adbd, path)
        elif name == b"RECV":
            if not path.is_file():
                message = b"No such file or directory"
                stream.write(struct.pack("<4sI", b"FAIL", len(message)))
                stream.write(message)
                continue
            data = path.read_bytes()
            for start in range(0, len(data), 65536):
                piece = data[start : start + 65536]
                stream.write(struct.pack("<4sI", b"DATA", len(piece)) + piece)
            stream.write(struct.pack("<4sI", b"DONE", 0))


def _receive_file(stream, adbd, path):
    data = b""
    while True:
        name, size = struct.unpack("<4sI", stream.read(8))
        if name == b"DONE":
            break
        data += stream.read(size)
    if adbd.storage_full and re.search(adbd.storage_full, path.name):
        message = b"couldn't write: No space left on device"
        stream.write(struct.pack("<4sI", b"FAIL", len(message)) + message)
        return
    adbd.pushed.append(path.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stream.write(struct.pack("<4sI", b"OKAY", 0))


def _stat(path):
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mode, found.st_size, int(found.st_mtime)


class FakeAdbd:
    """A device on an ephemeral loopback port.

    Attributes:
        root: what the device's file system is below.
        offline: answers nothing.
        unauthorised: asks for a key it never accepts.
        shell_v2: offers the protocol with exit codes.
        drop_when: cuts the transport at the next command that matches.
        offline_after_drop: and is offline from then on.
        storage_full: refuses pushes whose name matches.
        pushed: names of received files.
        commands: shell commands, in order.
    """

    def __init__(self, root: pathlib.Path, bin_folder: pathlib.Path):
        self.root, self.bin = root, bin_folder
        self.offline = self.unauthorised = False
        self.offline_after_drop = False
        self.shell_v2 = True
        self.drop_when = self.storage_full = None
        self.pushed, self.commands, self.connections = [], [], []
        self.processes = []
        (root / "data/local/tmp").mkdir(parents=True)
        self._server = socketserver.ThreadingTCPServer(
            ("127.0.0.1", 0), Connection
        )
        self._server.daemon_threads = True
        self._server.adbd = self
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        ).start()

    @property
    def serial(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    def path(self, text):
        """A path of the device's on this machine."""
        return pathlib.Path(self._translate(text))

    def _translate(self, text):
        text = text.replace("/data/local/tmp", f"{self.root}/data/local/tmp")
        return text.replace("/sys/devices", f"{self.root}/sys/devices")

    def start(self, command, merged):
        self.commands.append(command)
        process = subprocess.Popen(
            ["sh", "-c", self._translate(command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            env={
                **os.environ,
                "PATH": f"{self.bin}:{os.environ['PATH']}",
                "FAKE_ROOT": str(self.root),
            },
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def leftovers(self):
        """Command lines of processes that still run below the root."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if str(self.root).encode() + b"/data" in line:
                    found.append(line.replace(b"\0", b" ").decode())
        return found

    def close(self):
        for connection in self.connections:
            connection.drop()
        self._server.shutdown()
        self._server.server_close()
        for process in self.processes:
            if process.poll() is None:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
