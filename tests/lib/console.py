"""A serial console for tests: a pty under a symbolic link, written to in cuts and at a pace."""
import os
import pty
import select
import termios
import time


class Console:
    def __init__(self, link="console"):
        self.link = os.path.abspath(link)
        self.master = -1
        self.begin = time.monotonic()

    def appear(self):
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, False)
        raw = termios.tcgetattr(slave)
        raw[0] = raw[1] = raw[3] = 0
        termios.tcsetattr(slave, termios.TCSANOW, raw)
        os.symlink(os.ttyname(slave), self.link + ".new")
        os.rename(self.link + ".new", self.link)
        os.close(slave)
        return self

    def vanish(self):
        os.close(self.master)
        os.unlink(self.link)

    def write(self, data, wait_s=20):
        """All of data; whoever reads must take some of it within wait_s."""
        while data:
            try:
                data = data[os.write(self.master, data):]
            except BlockingIOError:
                if not select.select([], [self.master], [], wait_s)[1]:
                    raise TimeoutError("nobody reads the console")

    def ms(self):
        return int((time.monotonic() - self.begin) * 1000)

    def boot(self):
        """The log's clock begins anew."""
        self.begin = time.monotonic()

    def log(self, text):
        """One log line with the device's clock; returned without its end."""
        line = b"[%d]\x1b[1;32m[INFO]\x1b[0m[Test] %s" % (self.ms(), text)
        self.write(line + b"\r\n")
        return line
